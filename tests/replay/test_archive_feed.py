"""What the function is handed of an archive: every record once, in order, and again from the first that failed."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from broker.failures import Unavailable
from broker.kinesis_record import record_from_lambda
from broker.rewind_plan import ARCHIVE

from replay.archive_feed import ArchiveFeed, Record, batches, fits, order, record_of_archive
from tests.broker.stubs import BROKEN, AwsClient, FakeTime

HOUR = datetime(2026, 11, 27, 11, tzinfo=UTC)
Answer = Callable[[list[Record]], Any]


def records(number: int, size: int = 10) -> list[Record]:
    return [record_of_archive(HOUR, "raw/a.gz", index, b"x" * size) for index in range(number)]


def numbers(handed_over: list[Record]) -> list[str]:
    return [record["kinesis"]["sequenceNumber"] for record in handed_over]


class World:
    """A function that answers as the test says, and the bucket of its plan."""

    def __init__(self, answer: Answer = lambda _: []) -> None:
        self.handed_over: list[list[str]] = []
        self.time = FakeTime()
        self._answer = answer
        client = AwsClient(invoke=self._invoke)
        self.feed = ArchiveFeed(client, "rewind", self.time.time())

    def _invoke(self, request: Mapping[str, Any]) -> Any:
        handed_over = json.loads(request["Payload"])["Records"]
        self.handed_over.append(numbers(handed_over))
        answer = self._answer(handed_over)
        if isinstance(answer, Exception):
            return answer
        if isinstance(answer, str):
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps({"errorType": answer}).encode())}
        failures = {"batchItemFailures": [{"itemIdentifier": number} for number in answer]}
        return {"Payload": io.BytesIO(json.dumps(failures).encode())}


def test_a_record_is_in_lambdas_form_with_a_number_that_is_the_same_each_time() -> None:
    read = record_from_lambda(record_of_archive(HOUR, "raw/a.gz", 7, b"{}"))
    assert (read.shard, read.arrived_ms, base64.b64decode(read.data)) == (ARCHIVE, HOUR.timestamp() * 1000, b"{}")
    assert read == record_from_lambda(record_of_archive(HOUR, "raw/a.gz", 7, b"{}"))
    assert read.sequence_number != record_from_lambda(record_of_archive(HOUR, "raw/b.gz", 7, b"{}")).sequence_number


def test_numbers_grow_in_the_order_of_the_objects() -> None:
    objects = [(HOUR.replace(hour=hour), f"raw/{name}.gz") for hour in (12, 9, 23) for name in "abcdef"]
    of_objects = [
        record_of_archive(*stored, index, b"")
        for stored in sorted(objects, key=lambda one: order(*one))
        for index in (0, 1, 999)
    ]
    found = list(map(int, numbers(of_objects)))
    assert found == sorted(found)
    assert len(set(found)) == len(found)


def test_a_request_has_at_most_a_thousand_records_and_what_lambda_takes() -> None:
    assert list(map(len, batches(records(2_500)))) == [1_000, 1_000, 500]
    large = list(batches(records(5, 1_000_000)))
    assert list(map(len, large)) == [2, 2, 1]
    assert all(len(json.dumps({"Records": batch})) < 6_000_000 for batch in large)
    assert list(batches([])) == []
    assert [fits(b"x" * size) for size in (2_900_000, 3_100_000)] == [True, False]


def test_what_is_delivered_is_handed_over_once_and_the_rest_again_from_the_first_that_failed() -> None:
    def third_fails_once(handed_over: list[Record]) -> list[str]:
        return numbers(handed_over)[2:4] if len(handed_over) == 5 else []

    world = World(third_fails_once)
    sent = records(5)
    world.feed.send(sent)
    assert world.handed_over == [numbers(sent), numbers(sent)[2:]]


@pytest.mark.parametrize("trouble", ["Unavailable", BROKEN, [""], "first"])
def test_trouble_that_ends_is_waited_for_and_trouble_that_stays_is_one_line(trouble: Any) -> None:
    def answers(handed_over: list[Record]) -> Any:
        return numbers(handed_over)[:1] if trouble == "first" else trouble

    passing = World(lambda handed_over: answers(handed_over) if len(passing.handed_over) < 3 else [])
    passing.feed.send(records(2))
    assert passing.handed_over == [numbers(records(2))] * 3
    staying = World(answers)
    with pytest.raises(Unavailable) as failure:
        staying.feed.send(records(2))
    assert "\n" not in str(failure.value)
    assert len(staying.handed_over) == 8
