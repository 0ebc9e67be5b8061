"""Records become batches: what counts as a number, a time, a batch; and that a bad one says why, but not what."""

import json
from typing import Any

import pytest
from broker.batch import BadBatch, Batch, decode, usable_time
from broker.json_values import int64

ARRIVED_MS = 1_789_380_000_123
DAY_MS = 86_400_000


def one(document: Any) -> Batch:
    [batch] = decode(json.dumps(document).encode(), ARRIVED_MS)
    assert isinstance(batch, Batch)
    return batch


def verdicts(data: bytes) -> list[str]:
    return [found.reason if isinstance(found, BadBatch) else "batch" for found in decode(data, ARRIVED_MS)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-(2**63), -(2**63)),
        (2**63 - 1, 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775807", 2**63 - 1),
        (" 12\n", 12),
        ("+5", 5),
        (0, 0),
        (2**63, None),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        (-7.346244611012969e18, None),
        (12.0, None),
        (True, None),
        (None, None),
        ("", None),
        ("12.0", None),
        ("1e3", None),
        ("1_000", None),
        ("0x10", None),
        ("١٢", None),
        ([1], None),
    ],
)
def test_a_64_bit_integer_is_a_number_or_numeric_text_and_never_a_float(value: object, expected: int | None) -> None:
    assert int64(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (946_684_800_000, 946_684_800_000),
        (946_684_799_999, None),
        (ARRIVED_MS + DAY_MS, ARRIVED_MS + DAY_MS),
        (ARRIVED_MS + DAY_MS + 1, None),
        (str(ARRIVED_MS), ARRIVED_MS),
        (1.5e12 + 0.5, 1_500_000_000_000),
        (float("inf"), None),
        (ARRIVED_MS // 1000, ARRIVED_MS // 1000 * 1000),  # seconds
        (ARRIVED_MS / 1000, ARRIVED_MS),
        (str(ARRIVED_MS / 1000), ARRIVED_MS),
        (946_684_800, 946_684_800_000),
        (946_684_799, None),
        ((ARRIVED_MS + DAY_MS) // 1000 + 1, None),
        (ARRIVED_MS * 1000, None),  # microseconds
        (ARRIVED_MS * 1_000_000, None),  # nanoseconds
        (46279.35, None),  # a spreadsheet's days
        ("2026-09-14T10:00:00Z", None),
        (True, None),
        (None, None),
        ("now", None),
    ],
)
def test_a_time_before_2000_or_over_a_day_after_arrival_counts_as_missing(value: object, expected: int | None) -> None:
    assert usable_time(value, ARRIVED_MS) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["not_json"]),
        (b"\xef\xbb\xbf" + b'{"events": []}', ["batch"]),
        (b'{"events": null}', ["batch"]),
        (b'{"mpid": "-5"}', ["batch"]),
        (b'{"message_type": "events"}', ["batch"]),
        (b'{"mpid": "x"}', ["not_a_batch"]),
        (b'{"message_type": "other"}', ["not_a_batch"]),
        (b'{"mpid": 5, "events": {}}', ["not_a_batch"]),
        (b'{"mpid": 5, "events": "[]"}', ["not_a_batch"]),
        (b"[]", ["not_a_batch"]),
        (b"null", ["not_a_batch"]),
        (b'[{"mpid": 1}, 7, {"mpid": 2}]', ["batch", "not_a_batch", "batch"]),
        (b'[[{"mpid": 1}]]', ["not_a_batch"]),
        (b'{"mpid": 1}\r\n\r\n{"mpid": 2}\r\n', ["batch", "batch"]),
        (b'{"mpid": 1}\n{"mpid": \n{"mpid": 2}', ["batch", "not_json", "batch"]),
        (b'{\n"events": [],\n}', ["not_json"]),
        (b'{"mpid": 1}\n\xff', ["not_utf8"]),
        (b'{"events": [{"event_type": "commerce_event", "data": null}]}', ["no_well_formed_event"]),
        (b'{"events": [{"event_type": 1, "data": {}}, {"data": {}}, null, []]}', ["no_well_formed_event"]),
    ],
)
def test_a_record_is_a_batch_an_array_or_one_batch_a_line_and_anything_else_is_bad(
    data: bytes, expected: list[str]
) -> None:
    assert verdicts(data) == expected


def test_malformed_events_among_good_ones_are_counted_and_the_others_keep_their_places() -> None:
    good = {"event_type": "screen_view", "data": {}}
    batch = one({"events": [None, good, {"event_type": "screen_view"}, good]})
    assert [event.position for event in batch.events] == [1, 3]
    assert batch.malformed_events == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [("Development", "development"), (" PRODUCTION ", "production"), ("", None), (" ", None), (None, None), (1, None)],
)
def test_the_environment_is_compared_in_lower_case_and_may_be_missing(given: Any, expected: str | None) -> None:
    assert one({"events": [], "environment": given}).environment == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"product_recs": ["b", "a"]}, ("b", "a")),
        ({"product_recs": []}, ()),
        ({"name": "Ada"}, ()),
        ({"name": "Ada", "product_recs": None}, None),
        ({"product_recs": "a,b"}, None),
        ({"product_recs": [1, 2]}, None),
        ({}, None),
        (None, None),
        ([{"product_recs": ["a"]}], None),
    ],
)
def test_the_list_on_the_profile_is_a_list_of_strings_none_beside_others_or_unknown(
    attributes: Any, expected: Any
) -> None:
    assert one({"events": [], "user_attributes": attributes}).recommendations == expected


def test_every_field_of_another_type_reads_as_missing() -> None:
    odd = {name: [0] for name in ("mpid", "environment", "timestamp_unixtime_ms", "consent_state", "user_attributes")}
    batch = one(odd | {"events": None})
    assert (batch.mpid, batch.environment, batch.time_ms, batch.recommendations) == (None, None, None, None)
    assert (batch.consent, batch.opted_out) == (([0],), False), "it may be an opt-out: what it is, is asked later"


@pytest.mark.parametrize("data", [b'{"mail": "ada@example.com", }', b'"ada@example.com', b"ada@example.com \xe9"])
def test_what_is_said_of_a_bad_batch_holds_nothing_of_it(data: bytes) -> None:
    [bad] = decode(data, ARRIVED_MS)
    assert isinstance(bad, BadBatch)
    assert "ada" not in bad.reason + bad.detail
