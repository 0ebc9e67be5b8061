"""Records of any shape: one that Lambda would never pass is quarantined alone, and fails no invocation."""

import base64
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.broker.lambda_events import number_of, record, visit
from tests.broker.packing import packed
from tests.broker.stubs import DENIED, NOW, Bucket
from tests.broker.test_ingest import World
from tests.draws import draws

GOOD = record(1, visit(1, "good"))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
DATA = st.sampled_from(["", "x", "e30=", "é", "\ud800", base64.b64encode(packed(visit(5))).decode()]) | ANY_JSON
KINESIS = st.fixed_dictionaries(
    {},
    optional={
        "sequenceNumber": st.from_regex(r"[0-9]{0,130}", fullmatch=True) | ANY_JSON,
        "partitionKey": st.text(max_size=300) | ANY_JSON,
        "approximateArrivalTimestamp": st.just(NOW) | st.floats() | ANY_JSON,
        "data": DATA,
    },
)
RECORDS = st.lists(
    ANY_JSON | st.fixed_dictionaries({}, optional={"eventID": st.text() | ANY_JSON, "kinesis": KINESIS | ANY_JSON}),
    max_size=4,
)


def with_kinesis(**changes: Any) -> Any:
    """Return the second record with other members; ``...`` takes one out."""
    other = record(2, visit(2, "other"))
    kinesis = {name: value for name, value in (other["kinesis"] | changes).items() if value is not ...}
    return other | {"kinesis": kinesis}


@settings(max_examples=draws(all_of_them=2000, part=200), deadline=None)
@given(RECORDS)
@example([{"kinesis": {"sequenceNumber": "9" * 5000, "data": "", "approximateArrivalTimestamp": NOW}}])
@example([{"kinesis": {"sequenceNumber": "1", "data": "", "approximateArrivalTimestamp": 1e300}}])
@example([{"eventID": "../" * 400 + ":1", "kinesis": {}}])
def test_no_record_whatever_its_shape_fails_an_invocation_or_is_lost(records: list[Any]) -> None:
    world = World()
    assert world.run(GOOD, *records) == []
    assert "good" in world.sent_items()
    assert world.counts.outcomes["Records"] == 1 + len(records)
    for one in records:
        assert is_accounted_for(one)


def is_accounted_for(one: Any) -> bool:
    """Return whether a record is delivered, skipped for a reason, or in quarantine with one."""
    world = World()
    assert world.run(one) == []
    return bool(world.counts.outcomes["Accepted"] or world.counts.reasons)


@pytest.mark.parametrize(
    ("passed", "detail"),
    [
        (None, "it has no kinesis object"),
        ([], "it has no kinesis object"),
        ({"kinesis": []}, "it has no kinesis object"),
        (with_kinesis(sequenceNumber=...), "sequenceNumber is missing or wrong"),
        (with_kinesis(sequenceNumber=7), "sequenceNumber is missing or wrong"),
        (with_kinesis(sequenceNumber="x"), "sequenceNumber is missing or wrong"),
        (with_kinesis(approximateArrivalTimestamp=...), "approximateArrivalTimestamp is missing or wrong"),
        (with_kinesis(approximateArrivalTimestamp="now"), "approximateArrivalTimestamp is missing or wrong"),
        (with_kinesis(approximateArrivalTimestamp=1e300), "approximateArrivalTimestamp is missing or wrong"),
        (with_kinesis(approximateArrivalTimestamp=NOW * 1000), "approximateArrivalTimestamp is missing or wrong"),
        (with_kinesis(data=...), "data is missing or wrong"),
        (with_kinesis(data=None), "data is missing or wrong"),
        (with_kinesis(data="not base64!"), "data is not base64"),
        (with_kinesis(data="\ud800"), "data is not base64"),
    ],
)
def test_a_record_that_is_not_in_lambdas_form_is_quarantined_with_what_is_there(passed: Any, detail: str) -> None:
    world = World()
    assert world.run(GOOD, passed, record(3, visit(3))) == []
    [row] = world.bucket.rows()
    assert (row["reason"], row["detail"]) == ("malformed_record", detail)
    assert row["arrived_ms"] == int(NOW * 1000)
    content = passed["kinesis"].get("data") if isinstance(passed, dict) and passed["kinesis"] else None
    kept = base64.b64decode(row["record"], validate=True)
    assert kept == (content.encode("utf-8", "surrogatepass") if "base64" in detail else base64.b64decode(content or ""))


@pytest.mark.parametrize("key", [..., None, "", 7, "x" * 257])
def test_a_record_without_a_usable_partition_key_is_read_and_kept_under_its_number(key: Any) -> None:
    world = World()
    assert world.run(with_kinesis(partitionKey=key)) == []
    assert world.sent_items() == ["other"]
    bad = with_kinesis(partitionKey=key, data="")
    world.run(bad)
    assert [row["partition_key"] for row in world.bucket.rows()] == [number_of(bad)]


@pytest.mark.parametrize("event_id", [..., None, 7, "", "../../x:1"])
def test_a_record_without_a_usable_event_id_is_read_and_kept_under_an_unknown_shard(event_id: Any) -> None:
    world = World()
    passed = {name: value for name, value in ({**with_kinesis(), "eventID": event_id}).items() if value is not ...}
    assert world.run(passed, with_kinesis(sequenceNumber="3", data="") | {"eventID": event_id}) == []
    assert world.sent_items() == ["other"]
    assert [row["source"] for row in world.bucket.rows()] == ["unknown-shard"]


def test_records_without_a_number_stay_apart_and_a_redelivery_overwrites_them() -> None:
    first, second = with_kinesis(sequenceNumber=None), with_kinesis(sequenceNumber=None, data="e30=")
    world = World()
    world.run(first, second)
    world.run(first, second)
    assert len({row["sequence_number"] for row in world.bucket.rows()}) == 2
    assert len({put["Key"] for put in world.bucket.of("put_object")}) == 1


def test_where_a_record_without_a_number_cannot_be_quarantined_lambda_delivers_the_whole_batch_again() -> None:
    world = World(bucket=Bucket(DENIED))
    assert world.run(GOOD, with_kinesis(data="")) == [number_of(with_kinesis())]
    for number in (None, "", "9" * 5000):
        assert world.run(GOOD, with_kinesis(data=""), with_kinesis(sequenceNumber=number)) == [""]


def test_an_invocation_unpacks_no_more_than_one_of_the_largest_records() -> None:
    """Records of a few kilobytes may hold 10 MiB each; without a bound, an invocation would run out of time."""
    large = [record(n, data=packed(visit(n, f"item-{n}", filler=" " * 6 * 2**20))) for n in range(1, 5)]
    world, left, rounds = World(), large, 0
    while left:
        failed = world.run(*left)
        assert world.counts.outcomes["Accepted"] == 1
        left = [one for one in left if number_of(one) in failed]
        rounds += 1
    assert rounds == len(large)
    assert world.sent_items() == [f"item-{n}" for n in range(1, 5)]
