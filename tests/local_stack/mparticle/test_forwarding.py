"""What reaches the stream: mParticle's output style, the connection's switches, and delivery at least once."""

import json
import random
from typing import Any

import pytest

from local_stack.mparticle.forwarding.connection import Connection
from local_stack.mparticle.forwarding.forwarder import DeliveryFailed, Forwarder, Refused
from tests.local_stack.mparticle.batches import DEVICE, Clock, Workspace, batch, purchase


def forward(name: str = "web", **fields: Any) -> dict[str, Any]:
    workspace = Workspace()
    assert workspace.post(batch(**fields), name=name).status == 202
    return workspace.forwarded[-1]


def test_int64s_inside_events_are_strings_and_at_batch_level_numbers() -> None:
    sent = forward(events=[purchase("A", session_uuid=DEVICE, timestamp_unixtime_ms=1_799_999_999_999)])
    data = sent["events"][0]["data"]
    assert data["timestamp_unixtime_ms"] == "1799999999999"
    assert data["session_start_unixtime_ms"] == "0"
    assert data["product_action"]["products"][0]["added_to_cart_time_ms"] == "0"
    for name in ("event_id", "session_id"):
        assert str(int(data[name])) == data[name]
    for name in ("mpid", "batch_id", "timestamp_unixtime_ms", "schema_version"):
        assert type(sent[name]) is int
    assert sent["timestamp_unixtime_ms"] == 1_800_000_000_000
    assert sent["message_type"] == "events"
    assert len(sent["message_id"]) == 36


def test_what_an_event_does_not_have_is_null_and_its_session_uuid_is_kept() -> None:
    data = forward(events=[purchase("A", session_uuid=DEVICE)])["events"][0]["data"]
    assert data["session_uuid"] == DEVICE
    for name in ("promotion_action", "product_impressions", "shopping_cart", "custom_attributes", "source_message_id"):
        assert data[name] is None
    assert data["product_action"]["coupon_code"] is None
    promotion = {"event_type": "commerce_event", "data": {"promotion_action": {"action": "view", "promotions": []}}}
    assert forward(events=[promotion])["events"][0]["data"]["product_action"] is None


def test_an_event_without_a_time_gets_the_servers() -> None:
    data = forward(events=[purchase("A")])["events"][0]["data"]
    assert data["timestamp_unixtime_ms"] == "1800000000000"


def test_a_products_amount_is_its_price_times_its_quantity() -> None:
    products = forward()["events"][0]["data"]["product_action"]["products"]
    assert products[0]["total_product_amount"] == 5.0
    bare = {"event_type": "commerce_event", "data": {"product_action": {"action": "click", "products": [{"id": "A"}]}}}
    products = forward(events=[bare])["events"][0]["data"]["product_action"]["products"]
    assert products[0]["total_product_amount"] is None


def test_a_batch_is_enriched_with_what_the_profile_knows() -> None:
    workspace = Workspace()
    workspace.post(batch(user_identities={"customer_id": "c1"}, user_attributes={"town": "Boise", "tag": None}))
    mpid = workspace.forwarded[0]["mpid"]
    workspace.post(batch(mpid=mpid, user_attributes={"product_recs": ["1"]}), name="broker-feed")
    workspace.clock.now += 60
    workspace.post(batch(consent_state={"gdpr": {"ads": {"consented": False, "timestamp_unixtime_ms": 1}}}))
    workspace.post(batch())
    sent = workspace.forwarded[-1]
    since = {"identity_type": "customer_id", "identity": "c1", "timestamp_unixtime_ms": 1_800_000_000_000}
    assert sent["user_identities"] == [since]
    assert sent["user_attributes"] == {"town": "Boise", "tag": None, "product_recs": ["1"]}
    assert sent["consent_state"]["gdpr"]["ads"]["consented"] is False


def test_later_writes_do_not_change_a_batch_that_is_on_its_way() -> None:
    workspace = Workspace()
    workspace.post(batch(user_attributes={"n": "1"}))
    workspace.post(batch(user_attributes={"n": "2"}))
    assert [each["user_attributes"]["n"] for each in workspace.forwarded] == ["1", "2"]


def test_a_feeds_events_name_their_feed_and_a_platforms_do_not() -> None:
    event = {"event_type": "custom_event", "data": {"event_name": "R", "custom_event_type": "other"}}
    sent = forward("broker-feed", events=[event])
    assert sent["events"][0]["data"]["custom_attributes"] == {"mParticle Source Feed": "Personalize Broker"}
    assert sent["source_info"]["channel"] == "server_to_server"
    sent = forward("ios", events=[event])
    assert sent["events"][0]["data"]["custom_attributes"] is None
    assert sent["source_info"]["channel"] == "native"


def test_an_event_uploaded_again_keeps_its_id_and_the_batch_gets_a_new_one() -> None:
    workspace = Workspace()
    for request_id in ("r1", "r2"):
        workspace.post(batch(events=[purchase("A", source_message_id="m1")], source_request_id=request_id))
    first, second = workspace.forwarded
    assert first["events"][0]["data"]["event_id"] == second["events"][0]["data"]["event_id"]
    assert first["batch_id"] != second["batch_id"]
    assert first["message_id"] != second["message_id"]


def test_events_without_a_message_id_have_ids_of_their_own() -> None:
    events = forward(events=[purchase("A"), purchase("A")])["events"]
    assert events[0]["data"]["event_id"] != events[1]["data"]["event_id"]


def test_the_default_switches_send_eventless_batches_but_no_changes_of_attributes() -> None:
    change = {"event_type": "user_attribute_change", "data": {"user_attribute_name": "a", "new": "x", "old": None}}
    sent = forward(events=[change, purchase("A")])
    assert [each["event_type"] for each in sent["events"]] == ["commerce_event"]
    assert forward(events=...)["events"] == []
    assert "mp_deviceid" not in sent


def test_changes_of_users_are_sent_in_the_same_style_as_all_events() -> None:
    """As mParticle's web SDK writes them."""
    workspace = Workspace(connection=Connection(user_identity_changes=True, user_attribute_changes=True))
    email = {
        "identity_type": "email",
        "identity": "a@example.com",
        "timestamp_unixtime_ms": 5,
        "created_this_batch": True,
    }
    attribute = {"user_attribute_name": "sizes", "new": ["S"], "old": None, "deleted": False, "is_new_attribute": True}
    changes = {
        "user_identity_change": {"new": email, "old": {**email, "identity": None, "created_this_batch": False}},
        "user_attribute_change": attribute,
        "opt_out": {"is_opted_out": True},
    }
    events = [{"event_type": kind, "data": {**data, "source_message_id": kind}} for kind, data in changes.items()]
    assert workspace.post_of_page(batch(events=events)).status == 202
    sent = {each["event_type"]: each["data"] for each in workspace.forwarded[0]["events"]}
    assert sent["user_identity_change"]["new"] == {**email, "timestamp_unixtime_ms": "5"}
    assert sent["user_identity_change"]["old"]["identity"] is None
    assert {name: sent["user_attribute_change"][name] for name in attribute} == attribute
    assert sent["opt_out"]["is_opted_out"] is True
    assert {(data["timestamp_unixtime_ms"], data["location"]) for data in sent.values()} == {("1800000000000", None)}


def test_switches_that_are_off_hold_things_back() -> None:
    workspace = Workspace(connection=Connection(batches_without_events=False, commerce=False, include_mp_deviceid=True))
    workspace.post(batch())
    workspace.post(batch(events=[{"event_type": "screen_view", "data": {"screen_name": "Home"}}]))
    assert [each["event_type"] for each in workspace.forwarded[0]["events"]] == ["screen_view"]
    assert len(workspace.forwarded) == 1
    assert workspace.forwarded[0]["mp_deviceid"] == DEVICE


class Stream:
    """A stream that fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.records: list[tuple[str, bytes]] = []

    def __call__(self, key: str, data: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise DeliveryFailed("throttled")
        self.records.append((key, data))


def drain(forwarder: Forwarder, clock: Clock) -> list[float]:
    """Deliver everything in virtual time; return how long each wait was."""
    waits = []
    while (due := forwarder.next_due()) is not None:
        waits.append(max(0.0, due - clock.now))
        clock.now = max(clock.now, due)
        assert forwarder.deliver_due()
    return waits


def test_a_record_is_utf8_json_under_its_mpid() -> None:
    stream, clock = Stream(), Clock()
    forwarder = Forwarder(stream, clock=clock, chance=lambda: 0.5)
    forwarder.offer({"mpid": -5, "name": "Zoë", "half": "\ud800"})
    drain(forwarder, clock)
    assert stream.records == [("-5", '{"mpid":-5,"name":"Zoë","half":"?"}'.encode())]


def test_a_failed_delivery_is_tried_again_ever_more_slowly_until_it_succeeds() -> None:
    stream, clock = Stream(failures=12), Clock()
    forwarder = Forwarder(stream, clock=clock, chance=lambda: 1.0)
    forwarder.offer({"mpid": 1})
    waits = drain(forwarder, clock)
    assert waits[:4] == pytest.approx([0, 0.2, 0.4, 0.8], abs=1e-6)
    assert max(waits) == pytest.approx(30.0)
    assert len(stream.records) == 1
    assert forwarder.counts() == {"forwarded": 1, "copies": 0, "failed_attempts": 12, "refused": 0, "waiting": 0}


def test_a_record_that_the_stream_never_takes_is_counted_and_holds_up_nothing() -> None:
    stream, clock = Stream(), Clock()

    def put(key: str, data: bytes) -> None:
        if key == "1":
            raise Refused("too large")
        stream(key, data)

    forwarder = Forwarder(put, clock=clock, chance=lambda: 0.5)
    for mpid in (1, 2):
        forwarder.offer({"mpid": mpid})
    assert drain(forwarder, clock) == [0, 0]
    assert [key for key, _ in stream.records] == ["2"]
    assert forwarder.counts() == {"forwarded": 1, "copies": 0, "failed_attempts": 0, "refused": 1, "waiting": 0}


def test_a_failing_record_does_not_hold_up_the_others() -> None:
    stream, clock = Stream(failures=1), Clock()
    forwarder = Forwarder(stream, clock=clock, chance=lambda: 0.5)
    for mpid in (1, 2, 3):
        forwarder.offer({"mpid": mpid})
    while forwarder.deliver_due():
        continue
    assert [key for key, _ in stream.records] == ["2", "3"]
    assert forwarder.counts()["waiting"] == 1


def test_the_asked_for_share_of_records_is_delivered_twice_and_never_more() -> None:
    stream, clock = Stream(), Clock()
    forwarder = Forwarder(stream, clock=clock, chance=random.Random(1).random, copies=0.1)
    for mpid in range(1000):
        forwarder.offer({"mpid": mpid})
    drain(forwarder, clock)
    times = [json.loads(data)["mpid"] for _, data in stream.records]
    counts = [times.count(mpid) for mpid in range(1000)]
    assert set(counts) == {1, 2}
    assert 70 < counts.count(2) < 130
    assert forwarder.counts() == {
        "forwarded": 1000,
        "copies": counts.count(2),
        "failed_attempts": 0,
        "refused": 0,
        "waiting": 0,
    }
