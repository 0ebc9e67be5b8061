"""Three faults of a local stack, from the log lines to the cause in one command; and how lines are counted."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli import local_env
from cli.__main__ import main
from cli.serve import exported
from diagnosis import failures
from diagnosis.failures import summary
from local_stack import loopback
from local_stack.aws.session import local_client
from local_stack.lambda_api import LambdaApi
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.json_numbers import rounded
from tests.loop.clone import eventually
from tests.loop.trained import ITEMS, trained_stack

Found = Mapping[str, Any]
MPID = 4_417_293_011_884_320_115


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with trained_stack(LocalStackSettings(shards=1, queue_delay=0)) as running:
        yield running


@pytest.fixture
def endpoints(stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    monkeypatch.setattr(local_env, "FILE", tmp_path / "none")
    with LambdaApi(stack.functions, rates=stack.recent_counts, logs=stack.lines) as api:
        yield exported(stack, api.url)
        for url in (stack.personalize.url, stack.mparticle.url):
            loopback.delete(f"{url}/_local/faults")


def said(values: Mapping[str, str], *arguments: str) -> str:
    done = CliRunner(env=values).invoke(main, ["failures", "--local", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def findings(values: Mapping[str, str]) -> list[Found]:
    answer = json.loads(said(values, "--json"))
    assert rounded(answer) == []
    return [finding for function in answer["functions"] for finding in function["findings"]]


def numbers(found: list[Found]) -> dict[tuple[str, str, str], int]:
    return {(one["function"], one["what"], one["reason"]): one["number"] for one in found}


def put(stack: Stack, place: int, action: str = "purchase") -> None:
    action_ = {"action": action, "products": [{"id": ITEMS[place]}]}
    data = {"event_id": f"{action}-{place}", "product_action": action_}
    batch = {"mpid": MPID, "environment": "production", "events": [{"event_type": "commerce_event", "data": data}]}
    kinesis = local_client("kinesis", stack.aws.url)
    kinesis.put_record(StreamName=stack.resources.stream_name, Data=json.dumps(batch), PartitionKey=str(MPID))


def fault(url: str, kind: str, operation: str) -> None:
    loopback.post(f"{url}/_local/faults", json={"faults": [{"fault": kind, "operation": operation}]})


def test_a_tracker_that_refuses_everything_is_named(stack: Stack, endpoints: Mapping[str, str]) -> None:
    fault(stack.personalize.url, "invalid", "personalize.PutEvents")
    put(stack, 1)
    key = "ingest", "failed", "refused, so the configuration is wrong: PutEvents: InvalidInputException"
    assert eventually(lambda: numbers(findings(endpoints)).get(key, 0) > 1)

    line = next(line for line in said(endpoints).splitlines() if "InvalidInputException" in line)
    assert line.startswith("  failed")
    assert "section ingest-configuration" in line


def test_a_key_that_mparticle_refuses_is_named(stack: Stack, endpoints: Mapping[str, str]) -> None:
    fault(stack.mparticle.url, "denied", "mparticle.BulkUploadEvents")
    put(stack, 2)
    key = "refresh", "failed", "mParticle refuses the key in the secret"
    assert eventually(lambda: key in numbers(findings(endpoints)))
    assert {one["section"] for one in findings(endpoints) if one["function"] == "refresh"} == {"refresh-configuration"}


def test_wrong_event_types_are_shown_beside_what_they_skip(stack: Stack, endpoints: Mapping[str, str]) -> None:
    ingest = stack.functions["ingest"]
    right = ingest.environment
    ingest.update_environment({**right, "EVENT_TYPES": "checkout"})
    try:
        for place in (3, 4):
            put(stack, place, "view_detail")
        key = "ingest", "skipped", "other_action"
        assert eventually(lambda: numbers(findings(endpoints)).get(key, 0) >= 2)
        assert "it reports checkout of the environment production" in said(endpoints)
    finally:
        ingest.update_environment(right)


def test_settings_that_cannot_be_read_are_said(stack: Stack, endpoints: Mapping[str, str]) -> None:
    ingest = stack.functions["ingest"]
    right = ingest.environment
    ingest.update_environment({**right, "CONCURRENCY": "many"})
    try:
        assert "it has wrong settings: " in said(endpoints)
    finally:
        ingest.update_environment(right)


def line(message: str, at: int, **fields: Any) -> Found:
    return {"message": message, "timestamp": f"2026-11-27T03:00:{at:02}.000+00:00", **fields}


def test_reasons_are_counted_with_their_first_and_last_time_and_failures_come_first() -> None:
    skipped = {"Skipped.other_action": 7, "Quarantined.not_json": 1, "Incomplete.unusable_time": 3}
    found = summary(
        "ingest",
        [
            line("invocation", 1, outcomes={"Accepted": 5, "Retryable": 2, "Unproven": 0}, reasons=skipped),
            line("invocation failed", 2, error="Misconfigured", reason="3 of 3 refused"),
            line("invocation failed", 3, error="KeyError", place="intake.py:10"),
            line("invocation", 3, outcomes={"Records": 1}, reasons={}),
            line("invocation failed", 4, error="Misconfigured", reason="1 of 1 refused"),
            line("record", 5, outcomes="skipped.other_action"),
        ],
    )
    assert (found.invocations, found.failed, found.done, found.whole) == (2, 3, 5, True)
    assert [(one.what, one.reason, one.number, one.section) for one in found.findings] == [
        ("failed", "refused", 2, "ingest-configuration"),
        ("failed", "KeyError at intake.py:10", 1, "ingest-errors"),
        ("skipped", "other_action", 7, "no-events-accepted"),
        ("counted", "Retryable", 2, "iterator-age"),
        ("quarantined", "not_json", 1, "ingest-quarantine"),
    ]
    assert (found.findings[0].first[17:19], found.findings[0].last[17:19]) == ("02", "04")


def test_of_more_lines_than_it_reads_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "MAX_LINES", 3)
    assert summary("refresh", [line("invocation", 1)] * 2).whole
    assert not summary("refresh", [line("invocation", 1)] * 3).whole


def test_every_section_is_one_of_the_runbook() -> None:
    runbook = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()
    of_failures = [
        f"{flow}-{kind}" for flow in ("ingest", "refresh") for kind in ("configuration", "errors", "quarantine")
    ]
    for section in {*failures.SECTIONS.values(), *of_failures, "no-events-accepted"}:
        assert f"## `personalize-broker-{section}`" in runbook
