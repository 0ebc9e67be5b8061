"""What is read from one object, and how records are cut into batches."""

import base64
import itertools
import json
from dataclasses import asdict
from typing import Any

import pytest
from broker.interactions import Rules
from hypothesis import given
from hypothesis import strategies as st

from replay.destinations import batches
from replay.records import ON_FAILURE, QUARANTINE, RECORD, USER, Record, UnrecognisedObject, read
from replay.redrive import is_repeatable
from tests.broker.lambda_events import batch, product_event
from tests.replay.world import NAME, NOW, SHARD, content, row

DAY = 86_400


def ndjson(*rows: Any) -> bytes:
    return "".join(json.dumps(asdict(row)) + "\n" for row in rows).encode()


def test_a_record_with_several_rows_is_one_record_with_all_its_reasons() -> None:
    body = ndjson(row(1), row(1, index="e2", raw=False), row(2, "not_json"), row(1, "exception", raw=False))
    first, second = read(QUARANTINE, "ingest/x", body)
    assert first == Record(f"{SHARD}:1", RECORD, ("refused", "exception"), (NOW + 1) * 1000, "key-1", content(1))
    assert (second.id, second.reasons, second.data) == (f"{SHARD}:2", ("not_json",), content(2))


def test_a_row_of_refresh_is_a_user_whose_message_is_text() -> None:
    body = ndjson(row(1, source="refresh-queue", record='{"mpid":1}'))
    [user] = read(QUARANTINE, "refresh/x", body)
    assert (user.kind, user.data) == (USER, b'{"mpid":1}')


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"[]",
        b"{}",
        b'{"source": "s"}',
        ndjson(row(1, record="not base64!")),
        b'{"payload": 1}',
        b'{"payload": {"Records": [{}]}, "requestContext": {"condition": "x"}}',
    ],
)
@pytest.mark.parametrize("source", [QUARANTINE, ON_FAILURE])
def test_an_object_that_is_none_of_ours_is_named_and_says_nothing_of_its_content(source: str, body: bytes) -> None:
    with pytest.raises(UnrecognisedObject) as refused:
        read(source, "ingest/key", body)
    assert str(refused.value) == "ingest/key"
    assert refused.value.__suppress_context__


def test_a_records_text_shows_nothing_of_its_content() -> None:
    assert NAME not in repr(read(QUARANTINE, "ingest/x", ndjson(row(1))))
    assert "key-1" not in repr(read(QUARANTINE, "ingest/x", ndjson(row(1))))


@given(sizes=st.lists(st.integers(0, 40), max_size=60), most=st.integers(1, 7), most_bytes=st.integers(40, 90))
def test_batches_keep_order_and_both_limits_and_are_as_large_as_they_can_be(
    sizes: list[int], most: int, most_bytes: int
) -> None:
    records = [Record(str(place), RECORD, (), 0, "é", b"x" * size) for place, size in enumerate(sizes)]
    made = list(batches(iter(records), most, most_bytes))
    assert [one for batch in made for one in batch] == records

    def weight(batch: list[Record]) -> int:
        return sum(len(one.data) + 2 for one in batch)

    assert all(1 <= len(batch) <= most and (weight(batch) <= most_bytes or len(batch) == 1) for batch in made)
    for before, after in itertools.pairwise(made):
        assert len(before) == most or weight([*before, after[0]]) > most_bytes


def test_only_events_dated_over_a_day_after_their_arrival_would_get_other_ids_later() -> None:
    def repeatable(at: float, later: float) -> bool:
        data = json.dumps(batch(product_event(at=at, event_id="7"))).encode()
        return is_repeatable(data, NOW * 1000, round((NOW + later) * 1000), Rules())

    assert repeatable(NOW - 5, 80 * DAY)
    assert repeatable(NOW + DAY - 5, 80 * DAY)
    assert repeatable(NOW + 3 * DAY, DAY), "it is still in the future"
    assert not repeatable(NOW + 3 * DAY, 2.5 * DAY)
    assert is_repeatable(b"\xff not a batch", 0, NOW, Rules())
    assert is_repeatable(json.dumps(batch(product_event(at=0))).encode(), NOW * 1000, (NOW + DAY) * 1000, Rules())


def test_base64_of_a_stream_record_comes_out_byte_for_byte() -> None:
    raw = bytes(range(256))
    [record] = read(QUARANTINE, "ingest/x", ndjson(row(1, "not_utf8", record=base64.b64encode(raw).decode())))
    assert record.data == raw


@pytest.mark.parametrize("key", [None, "", 7, ..., "x" * 257])
def test_a_record_without_a_usable_partition_key_is_redriven_under_its_id(key: Any) -> None:
    fields = {name: value for name, value in (asdict(row(1)) | {"partition_key": key}).items() if value is not ...}
    [quarantined] = read(QUARANTINE, "ingest/x", json.dumps(fields).encode())
    assert quarantined.partition_key == f"{SHARD}:1"
    kinesis = {"sequenceNumber": "1", "partitionKey": key, "approximateArrivalTimestamp": NOW, "data": ""}
    kinesis = {name: value for name, value in kinesis.items() if value is not ...}
    event = {"Records": [{"eventID": f"{SHARD}:1", "kinesis": kinesis}]}
    document = {"payload": event, "requestContext": {"condition": "RecordAgeExceeded"}}
    [given_up] = read(ON_FAILURE, "aws/lambda/x", json.dumps(document).encode())
    assert given_up.partition_key == f"{SHARD}:1"
    assert list(batches(iter([quarantined, given_up]), 500, 5_000_000)) == [[quarantined, given_up]]


def test_half_a_character_in_a_partition_key_is_replaced() -> None:
    body = json.dumps(asdict(row(1)) | {"partition_key": "a\ud800"}).encode()
    assert read(QUARANTINE, "ingest/x", body)[0].partition_key == "a?"


def test_a_record_of_no_bytes_is_one_too() -> None:
    [record] = read(QUARANTINE, "ingest/x", ndjson(row(1, "not_json", record="")))
    assert record.data == b""
