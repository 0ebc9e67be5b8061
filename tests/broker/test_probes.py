"""The proofs of the configuration: nobody's data is sent for them, and no lone event or queue holds up the stream."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from broker.failures import Misconfigured
from broker.interactions import Rules
from broker.unproven_events import PATIENCE

from tests.broker.lambda_events import batch, message, number_of, product_event, record, visit
from tests.broker.stubs import BROKEN, DENIED, INVALID, AwsClient, MParticleEnd, Sqs, always, client_error
from tests.broker.stubs import refuses_items as refuses
from tests.broker.test_ingest import World, paid
from tests.broker.test_refresh import World as RefreshWorld
from tests.broker.test_refresh import of_user

PROBE = "broker-probe"
HOURS = 6 * 3600.0


def later(world: World, *records: Any, seconds: float = HOURS) -> list[str]:
    """Run another invocation of the same process after so many seconds."""
    world.time.now += seconds
    return world.run(*records, deadline=world.time.now + 60)


def probes(world: World) -> list[dict[str, Any]]:
    return [request for request in world.events.of("put_events") if request["userId"] == PROBE]


def without_values(request: Mapping[str, Any]) -> Any:
    """Answer PutEvents as a schema does that has no column EVENT_VALUE."""
    return INVALID if any("eventValue" in event for event in request["eventList"]) else {}


def reasons(world: World) -> list[str]:
    return [row["reason"] for row in world.bucket.rows()]


def without_lists(request: Mapping[str, Any]) -> Any:
    """Answer PutEvents as a schema does that has no column RECOMMENDATION_ID."""
    return INVALID if any("recommendationId" in event for event in request["eventList"]) else {}


# What a customer is spared


def test_no_event_of_another_customer_is_sent_again_to_prove_the_tracker() -> None:
    world = World(AwsClient(put_events=refuses("bad")))
    world.run(record(1, visit(111, "fine")))
    before = len(world.events.requests)
    assert later(world, record(2, visit(222, "bad"))) == []
    assert {request["userId"] for request in world.events.requests[before:]} == {"222", PROBE}
    assert reasons(world) == ["refused"]


def test_no_other_customer_is_asked_for_to_prove_the_campaign() -> None:
    world = RefreshWorld()
    world.run(message("a", 111))
    world.campaign.answers["get_recommendations"] = lambda asked: (
        INVALID if asked["userId"] == "222" else of_user(asked)
    )
    before = len(world.campaign.requests)
    assert world.run(message("bad", 222)) == []
    assert {request["userId"] for request in world.campaign.requests[before:]} == {"222", PROBE}


def test_nothing_is_written_to_another_customer_to_prove_the_feed() -> None:
    """A write makes an erased profile again."""
    world = RefreshWorld()
    world.run(message("a", 111))
    world.answer(lambda batches: 400 if any(batch["mpid"] == 222 for batch in batches) else 202)
    before = len(world.end.posts)
    with pytest.raises(Misconfigured):
        world.run(message("bad", 222))
    assert {mpid for request in world.end.mpids()[before:] for mpid in request} == {222}


def test_every_probe_of_a_tracker_has_the_same_ids_so_that_it_trains_once_at_most() -> None:
    world = World(AwsClient(put_events=refuses("bad")))
    world.run(record(1, visit(1)), record(2, visit(2, "bad")), record(3, paid(3)))
    later(world, record(4, visit(4, "bad")))
    assert {(request["userId"], request["sessionId"]) for request in probes(world)} == {(PROBE, PROBE)}
    assert {len(request["eventList"]) for request in probes(world)} == {1}
    assert {event["eventId"] for request in probes(world) for event in request["eventList"]} == {PROBE}


# What holds nothing up


@pytest.mark.parametrize("lines", [1, 25])
def test_bad_events_in_a_process_that_has_accepted_nothing_go_to_quarantine_at_once(lines: int) -> None:
    world = World(AwsClient(put_events=lambda request: INVALID if request["userId"] == "222" else {}))
    event = product_event("purchase", [{"id": f"item-{n}"} for n in range(lines)])
    assert world.run(record(1, batch(event, mpid=222))) == []
    assert reasons(world) == ["refused"] * lines


@pytest.mark.parametrize(
    "error", [client_error("AccessDenied", 403), client_error("AWS.SimpleQueueService.NonExistentQueue")]
)
def test_a_queue_that_refuses_the_broker_holds_nothing_up_and_is_told(error: Exception) -> None:
    world = World(sqs=Sqs(error=error))
    assert world.run(*(record(number, visit(number)) for number in range(1, 101))) == []
    assert world.counts.outcomes["RefreshesNotQueued"] == 100
    assert world.counts.outcomes["ConfigurationErrors"] == 1


# Which item a probe is about


def items(world: World) -> list[str]:
    return [event["itemId"] for request in probes(world) for event in request["eventList"]]


def test_a_probe_is_about_an_item_of_its_kind_that_was_accepted_or_of_another_kind() -> None:
    world = World(AwsClient(put_events=refuses("bad")))
    world.run(record(1, visit(1, "viewed")), record(2, paid(2, "bought")))
    later(world, record(3, visit(3, "bad")), record(4, paid(4)))
    assert set(items(world)) == {"viewed", "bought"}
    other = World(AwsClient(put_events=refuses("bad")))
    other.run(record(1, visit(1, "viewed")), record(2, paid(2)))
    assert set(items(other)) == {"viewed"}, "accepted a moment ago, in this invocation"


def test_without_an_accepted_item_a_probe_tries_the_refused_one_and_then_one_that_is_made_up() -> None:
    world = World(AwsClient(put_events=refuses("bad")))
    assert world.run(record(1, visit(1, "bad"))) == []
    assert items(world) == ["bad", PROBE] * 2, "before what is refused is sent once more, and after"
    assert reasons(world) == ["refused"]


# What is told by the kind of an event


def test_an_event_is_bad_where_a_probe_of_its_own_kind_is_accepted_with_a_value_or_without() -> None:
    world = World(AwsClient(put_events=refuses("bad")))
    assert world.run(record(1, paid(1)), record(2, visit(2, "bad"))) == []
    kinds = {(event["eventType"], "eventValue" in event) for probe in probes(world) for event in probe["eventList"]}
    assert kinds == {("purchase", True), ("view_detail", False)}
    assert "ConfigurationErrors" not in world.counts.outcomes


@pytest.mark.parametrize("known", [True, False])
def test_where_only_another_kind_is_accepted_the_event_waits_and_the_alarm_rings(known: bool) -> None:
    world = World(AwsClient(put_events=without_values))
    if known:
        world.run(record(1, visit(1)))
    bought, viewed = record(2, paid(2, "socks")), record(3, visit(3, "hat"))
    assert world.run(bought, viewed) == [number_of(bought)]
    assert world.counts.outcomes["ConfigurationErrors"] == 1
    assert (world.counts.outcomes["Unproven"], world.counts.outcomes["Accepted"]) == (1, 1)
    assert world.bucket.requests == []
    assert "hat" in world.sent_items()


def test_a_lone_event_whose_kind_is_refused_is_unproven_in_a_new_process_too() -> None:
    world = World(AwsClient(put_events=without_values))
    bought = record(1, paid(1, "socks"))
    assert world.run(bought) == [number_of(bought)]
    assert world.bucket.requests == []


def test_only_a_plain_kind_may_be_accepted() -> None:
    def refuses_purchases(request: Mapping[str, Any]) -> Any:
        return INVALID if request["eventList"][0]["eventType"] == "purchase" else {}

    world = World(AwsClient(put_events=refuses_purchases))
    bought = record(1, paid(1, "socks"))
    assert world.run(bought) == [number_of(bought)]
    assert world.counts.outcomes["Unproven"] == 1


def test_an_unproven_event_goes_to_quarantine_a_quarter_of_an_hour_after_its_first_refusal() -> None:
    world = World(AwsClient(put_events=without_values))
    bought = record(1, paid(1, "socks"))
    assert world.run(bought) == [number_of(bought)]
    assert later(world, bought, seconds=PATIENCE - 1) == [number_of(bought)]
    assert later(world, bought, seconds=1) == []
    assert reasons(world) == ["refused_unproven"]
    assert world.counts.outcomes["ConfigurationErrors"] == 1
    assert world.counts.reasons == {("Quarantined", "refused_unproven"): 1}
    assert world.asked() == {}, "what Personalize does not have changes no list"


def test_an_unproven_event_that_is_accepted_in_time_is_not_quarantined() -> None:
    world = World(AwsClient(put_events=without_values))
    bought = record(1, paid(1, "socks"))
    world.run(bought)
    world.answer(always({}))
    assert later(world, bought, seconds=PATIENCE) == []
    assert world.bucket.requests == []
    assert list(world.asked()) == [1]


def test_at_most_twenty_unproven_events_an_invocation_go_to_quarantine_the_oldest_first() -> None:
    world = World(AwsClient(put_events=without_values))
    records = [record(number, paid(number, "socks")) for number in range(1, 31)]
    assert len(world.run(*records)) == 30
    assert later(world, *records, seconds=PATIENCE) == [number_of(one) for one in records[20:]]
    assert [row["sequence_number"] for row in world.bucket.rows()] == [number_of(one) for one in records[:20]]


def test_a_record_of_more_than_twenty_unproven_events_is_done_after_a_few_invocations() -> None:
    world = World(AwsClient(put_events=without_values))
    products = [{"id": f"item-{n}", "price": 2.5, "quantity": 1} for n in range(45)]
    large = record(1, batch(product_event("purchase", products), mpid=1))
    assert world.run(large) == [number_of(large)]
    answers = [later(world, large, seconds=PATIENCE), later(world, large, seconds=1), later(world, large, seconds=1)]
    assert answers == [[number_of(large)], [number_of(large)], []]
    assert len({row["index"] for row in world.bucket.rows()}) == 45
    assert world.asked() == {}


def test_an_unproven_event_that_the_quarantine_does_not_take_is_tried_again() -> None:
    world = World(AwsClient(put_events=without_values))
    bought = record(1, paid(1, "socks"))
    world.run(bought)
    world.bucket.answers["put_object"] = always(DENIED)
    assert later(world, bought, seconds=PATIENCE) == [number_of(bought)]
    world.bucket.answers["put_object"] = always({})
    assert later(world, bought, seconds=1) == []


# A wrong configuration


@pytest.mark.parametrize("warm", [True, False])
def test_where_every_probe_is_refused_nothing_is_quarantined_however_long_it_lasts(warm: bool) -> None:
    world = World()
    if warm:
        world.run(record(1, visit(1)), record(2, paid(2, "socks")))
    world.answer(always(INVALID))
    one = record(3, visit(3))
    for _ in range(3):
        with pytest.raises(Misconfigured, match="1 of 1 refused, so the configuration is wrong: PutEvents: Invalid"):
            later(world, one)
    assert world.bucket.requests == []


def test_a_wrong_tracker_costs_each_request_once_some_twenty_alone_and_a_few_probes() -> None:
    world = World(AwsClient(put_events=always(INVALID)))
    records = [record(number, visit(number) if number % 2 else paid(number)) for number in range(1, 501)]
    with pytest.raises(Misconfigured):
        world.run(*records)
    assert len(probes(world)) <= 2 * 2 + 2 * len(Rules().event_types)
    assert len(world.events.requests) <= 500 + 40


def test_what_is_refused_waits_while_a_probe_gets_no_answer() -> None:
    world = World(AwsClient(put_events=lambda request: BROKEN if request["userId"] == PROBE else INVALID))
    one = record(1, visit(1))
    assert world.run(one) == [number_of(one)]
    assert (world.counts.outcomes["Retryable"], world.bucket.requests) == (1, [])


# The feed's own probe


def test_the_probe_of_the_feed_is_the_identity_of_the_settings_and_changes_nothing() -> None:
    end = MParticleEnd(lambda batches: 400 if any(batch["mpid"] == 222 for batch in batches) else 202)
    world = RefreshWorld(end=end, probe_mpid=-(2**63))
    assert world.run(message("bad", 222)) == []
    posted = [json.loads(post.body or b"") for post in end.posts if b"222" not in bytes(post.body or b"")]
    assert posted == [[{"environment": "production", "mpid": -(2**63)}]] * 2


# Columns that a schema may lack


def test_where_the_schema_lacks_the_column_of_lists_their_events_wait_and_all_others_are_delivered() -> None:
    world = World(AwsClient(put_events=without_lists))
    listed = product_event(items=["a"], event_id="1", session_uuid="s", custom_attributes={"product_recs_id": "RID-1"})
    waiting = record(1, batch(listed, mpid=1))
    assert world.run(waiting, record(2, visit(2, "b"))) == [number_of(waiting)]
    assert reasons(world) == []
    assert world.sent_items().count("b") == 1
    assert {event.get("recommendationId") for request in probes(world) for event in request["eventList"]} >= {PROBE}


def test_a_bad_event_with_a_list_is_known_by_a_probe_with_a_list() -> None:
    world = World(AwsClient(put_events=refuses("bad")))
    listed = product_event(items=["bad"], event_id="1", custom_attributes={"product_recs_id": "RID-1"})
    assert world.run(record(1, batch(listed, mpid=1)), record(2, visit(2, "b"))) == []
    assert reasons(world) == ["refused"]
    assert [event.get("recommendationId") for request in probes(world) for event in request["eventList"]][:1] == [PROBE]
