"""A click is followed by its ids, with the times of the services; what is left out says why."""

import json
from typing import Any

import pytest

from shop.panel.trail import KEPT_CLICKS, VISIBLE_MS, Record, Steps, Trail, median_seconds

NOW = 1_795_000_000_000
MPID = -6_917_529_027_641_081_857


def record(*items: str, action: str = "view_detail", at: int = NOW, number: str = "1", mpid: int = MPID) -> Record:
    product_action = {"action": action, "products": [{"id": item} for item in items]}
    data = {"product_action": product_action, "timestamp_unixtime_ms": at, "event_id": int(number) + at}
    batch = {
        "mpid": mpid,
        "environment": "production",
        "user_identities": {"email": "nobody@example.com"},
        "events": [{"event_type": "commerce_event", "data": data}],
    }
    return Record("shard", number, at + 100, json.dumps(batch).encode())


def delivery(steps: Steps, at: int) -> dict[str, Any]:
    return {"eventId": steps.click.event_id, "received_at": at / 1000}


def followed(trail: Trail) -> Steps:
    return trail.newest(1)[0]


def test_a_click_has_the_time_of_each_step_that_is_done() -> None:
    trail = Trail()
    trail.read(record("LAMP"))
    assert followed(trail).seconds == {"record": 0.1, "personalize": None, "list": None, "profile": None}
    trail.accept(delivery(followed(trail), NOW + 1000))
    trail.give({"userId": str(MPID), "recommendationId": "new", "given_at": (NOW + 5000) / 1000})
    trail.write({"mpid": str(MPID), "product_recs_id": "new", "written_ms": NOW + 5200})
    assert followed(trail).seconds == {"record": 0.1, "personalize": 1.0, "list": 5.0, "profile": 5.2}
    assert followed(trail).list_id == "new"
    assert (followed(trail).click.mpid, followed(trail).click.item_id) == (str(MPID), "LAMP")


def test_a_list_that_may_not_know_the_click_is_passed_over() -> None:
    trail = Trail()
    trail.read(record("LAMP"))
    trail.accept(delivery(followed(trail), NOW + 1000))
    for list_id, at in (
        ("before", NOW + 999),
        ("too soon", NOW + 999 + VISIBLE_MS),
        ("knows", NOW + 1000 + VISIBLE_MS),
    ):
        trail.give({"userId": str(MPID), "recommendationId": list_id, "given_at": at / 1000})
        trail.write({"mpid": str(MPID), "product_recs_id": list_id, "written_ms": at})
    assert followed(trail).list_id == "knows"


def test_a_list_that_is_as_before_is_given_and_not_written() -> None:
    trail = Trail()
    trail.read(record("LAMP"))
    trail.accept(delivery(followed(trail), NOW + 1000))
    trail.give({"userId": str(MPID), "recommendationId": "same", "given_at": (NOW + 5000) / 1000})
    assert (followed(trail).seconds["list"], followed(trail).written_ms) == (5.0, None)


def test_each_product_line_is_a_click_and_a_second_delivery_is_none() -> None:
    trail = Trail()
    trail.read(record("LAMP", "SOCKS"))
    trail.read(record("LAMP", "SOCKS"))
    assert [steps.click.item_id for steps in trail.newest(9)] == ["SOCKS", "LAMP"]


def test_what_is_skipped_says_the_brokers_own_reason_and_shows_no_identities() -> None:
    trail = Trail()
    trail.read(record("LAMP", action="remove_from_cart"))
    assert trail.newest(9) == []
    [skipped] = trail.left_out
    assert (skipped.reason, skipped.number, skipped.mpid) == ("other_action", 1, str(MPID))
    assert "nobody@example.com" not in json.dumps(dict(skipped.batch))
    assert skipped.batch["events"]


def test_a_refused_click_says_so() -> None:
    trail = Trail()
    trail.read(record("LAMP"))
    trail.quarantine(followed(trail).click.event_id, "refused")
    assert followed(trail).quarantined == "refused"


@pytest.mark.parametrize("data", [b"", b"no JSON", b"\x1f\x8b cut off", b"[1, null]", b'{"events": 7}'])
def test_a_record_that_nobody_can_read_is_no_click_and_no_error(data: bytes) -> None:
    trail = Trail()
    trail.read(Record("shard", "1", NOW, data))
    assert trail.newest(9) == []


def test_clicks_are_of_one_customer_where_one_is_asked_for_and_the_oldest_are_forgotten() -> None:
    trail = Trail()
    for number in range(KEPT_CLICKS + 5):
        trail.read(record(f"ITEM-{number}", number=str(number), mpid=1 + number % 2))
    assert len(trail.newest(2 * KEPT_CLICKS)) == KEPT_CLICKS
    assert {steps.click.mpid for steps in trail.newest(50, mpid="2")} == {"2"}
    assert trail.newest(1)[0].click.item_id == f"ITEM-{KEPT_CLICKS + 4}"


def test_the_median_is_of_the_clicks_that_have_done_a_step() -> None:
    trail = Trail()
    assert median_seconds([], "record") is None
    for number, seconds in enumerate((1, 3, 9)):
        trail.read(record("LAMP", number=str(number)))
        trail.accept(delivery(followed(trail), NOW + 1000 * seconds))
    trail.read(record("LAMP", number="7"))
    assert median_seconds(trail.newest(9), "personalize") == 3.0
