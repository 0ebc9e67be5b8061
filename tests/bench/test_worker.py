"""A worker hands in again what a function did not do, as Lambda would."""

from pathlib import Path

import pytest

from bench.loop.worker import INVOCATIONS, Function, from_first, those

HANDLER = """
answers = iter({answers!r})

def handler(event, context):
    answer = next(answers, [])
    if answer is None:
        raise RuntimeError("out of order")
    return {{"batchItemFailures": [{{"itemIdentifier": number}} for number in answer]}}
"""
RECORDS = [{"kinesis": {"sequenceNumber": number}, "messageId": number} for number in "123"]


def function(name: str, answers: list[list[str] | None], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Function:
    (folder / f"{name}.py").write_text(HANDLER.format(answers=answers))
    monkeypatch.syspath_prepend(folder)
    return Function(name, from_first)


def test_records_are_handed_in_until_none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = function("handler_of_two_failures", [["2", "3"], ["3"]], tmp_path, monkeypatch).run(RECORDS)
    assert (costs["invocations"], costs["left_first"], costs["left"]) == (3, 2, 0)
    assert costs["wall"] > 0


def test_an_exception_leaves_the_whole_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = function("handler_of_an_exception", [None], tmp_path, monkeypatch).run(RECORDS)
    assert (costs["invocations"], costs["left_first"], costs["left"]) == (2, 3, 0)


def test_what_never_works_ends_and_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = function("handler_of_nothing", [["1"]] * 50, tmp_path, monkeypatch).run(RECORDS)
    assert (costs["invocations"], costs["left"]) == (INVOCATIONS, 3)


def test_a_shard_goes_on_at_the_first_record_that_failed_and_a_queue_with_each_message() -> None:
    assert from_first(RECORDS, {"3", "2"}) == RECORDS[1:]
    assert from_first(RECORDS, set()) == []
    assert those(RECORDS, {"3", "1"}) == [RECORDS[0], RECORDS[2]]
