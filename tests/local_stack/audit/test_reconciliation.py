"""The conservation law: each way to break it is seen, and each place where things may rightly be."""

import json
from typing import Any

import pytest

from local_stack.audit.lag import lags
from local_stack.audit.reconciliation import Audit, Holdings, audit
from local_stack.audit.rows import Row, StreamRecord
from local_stack.audit.services import holdings_from

ARRIVED_MS = 1_790_000_000_000
SHARD = "shardId-000000000000"
HAT = Row("7", "hat", "purchase", ARRIVED_MS // 1000, "11", 0)
SOCKS = Row("7", "socks", "purchase", ARRIVED_MS // 1000, "11", 1)
WHERE = (SHARD, "1")


def record(number: str = "1", data: bytes | None = None, **fields: Any) -> StreamRecord:
    """Return a record of one purchase of a hat and socks."""
    action = {"action": "purchase", "products": [{"id": "hat"}, {"id": "socks"}]}
    event = {"event_id": "11", "timestamp_unixtime_ms": str(ARRIVED_MS), "product_action": action}
    batch = {"mpid": 7, "events": [{"event_type": "commerce_event", "data": event}]} | fields
    return StreamRecord(SHARD, number, ARRIVED_MS, json.dumps(batch).encode() if data is None else data)


def ids(*rows: Row) -> dict[Row, set[str]]:
    return {row: {f"{row.event_id}-{row.product_index}-aaaaaaaaaa"} for row in rows}


def judged(*records: StreamRecord, **holdings: Any) -> Audit:
    return audit(records or [record()], Holdings(**({"accepted": {}} | holdings)))


def test_all_in_personalize_is_well_however_often_it_was_delivered() -> None:
    found = judged(record("1"), record("2"), accepted=ids(HAT, SOCKS))
    assert found.holds
    assert (found.entries, found.count("in_personalize")) == (2, 2)


def test_a_probe_is_on_no_stream_and_breaks_no_law() -> None:
    sent = {"eventType": "purchase", "itemId": "hat", "sentAt": ARRIVED_MS // 1000}
    probe = {"userId": "broker-probe", "eventId": "broker-probe", **sent}
    accepted = [{"userId": "7", "eventId": "11-0-aaaaaaaaaa", **sent}, probe, probe]
    assert holdings_from(accepted, [], [], set()).accepted == ids(HAT)
    assert lags({"11": ARRIVED_MS}, [one | {"received_at": ARRIVED_MS / 1000 + 2} for one in accepted], 0) == {
        ARRIVED_MS: 2000
    }
    trains_each_time = [*accepted, probe | {"eventId": "broker-probe-0-2"}]
    assert len(holdings_from(trains_each_time, [], [], set()).accepted) == 2, "only the constant id trains once at most"


def test_what_is_nowhere_is_lost() -> None:
    found = judged(accepted=ids(HAT))
    assert not found.holds
    assert found.places["lost"] == {SOCKS}


def test_what_was_never_on_the_stream_is_made_up() -> None:
    found = judged(accepted=ids(HAT, SOCKS, HAT._replace(item_id="gloves")))
    assert not found.holds
    assert [row.item_id for row in found.unexpected] == ["gloves"]


def test_one_interaction_under_two_ids_would_train_twice() -> None:
    found = judged(accepted=ids(SOCKS) | {HAT: {"11-0-aaaaaaaaaa", "11-0-bbbbbbbbbb"}})
    assert not found.holds
    assert found.duplicated == {HAT}


@pytest.mark.parametrize(
    ("holdings", "place"),
    [
        ({"quarantined": {(*WHERE, "11-1-aaaaaaaaaa")}}, "quarantined"),
        ({"quarantined_whole": {WHERE}}, "quarantined"),
        ({"on_failure": {WHERE}}, "on_failure"),
        ({"still_on_stream": {WHERE}}, "on_stream"),
    ],
)
def test_an_interaction_may_also_be_in_one_of_the_other_places(holdings: dict[str, Any], place: str) -> None:
    found = judged(accepted=ids(HAT), **holdings)
    assert found.holds
    assert found.places[place] == {SOCKS}


def test_another_record_or_another_line_in_quarantine_is_no_excuse() -> None:
    elsewhere = {(SHARD, "2", "11-1-aaaaaaaaaa"), (*WHERE, "11-0-aaaaaaaaaa")}
    assert judged(accepted=ids(HAT), quarantined=elsewhere).places["lost"] == {SOCKS}


def test_what_must_not_train_is_left_out_with_its_reason_and_may_not_arrive() -> None:
    found = judged(record(environment="development"))
    assert found.holds
    assert found.count("skipped") == 2
    assert not judged(record(environment="development"), accepted=ids(HAT)).holds


def test_a_record_that_nobody_can_read_has_to_be_in_quarantine() -> None:
    broken = record(data=b"{")
    assert not judged(broken).holds
    assert judged(broken, quarantined={(*WHERE, "0")}).holds


def test_an_interaction_without_a_time_of_its_own_counts_whenever_it_was_accepted() -> None:
    batch = json.loads(record().data)
    del batch["events"][0]["data"]["timestamp_unixtime_ms"]
    later = HAT._replace(sent_at=HAT.sent_at + 90), SOCKS._replace(sent_at=SOCKS.sent_at + 90)
    assert judged(record(data=json.dumps(batch).encode()), accepted=ids(*later)).holds
    assert not judged(accepted=ids(*later)).holds
