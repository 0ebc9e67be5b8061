"""PutEvents: all or nothing, each event once in training, visible after a lag."""

from typing import Any

import pytest

from tests.personalize_local.world import Refused, World, schema


def put_refused(world: World, tracking: str, *events: dict[str, Any]) -> str:
    with pytest.raises(Refused) as caught:
        world.put(tracking, *events)
    return f"{caught.value.status} {caught.value.code}"


def test_an_unknown_tracker_is_an_invalid_input(world: World) -> None:
    world.ready_to_collect()
    assert put_refused(world, "no-such-tracker", {"itemId": "i"}) == "400 InvalidInputException"


def test_a_tracker_takes_events_only_once_it_is_active(world: World) -> None:
    tracking = world.ready_to_collect()
    group = world.call("ListDatasetGroups")["datasetGroups"][0]["datasetGroupArn"]
    tracker = world.call("ListEventTrackers")["eventTrackers"][0]["eventTrackerArn"]
    world.call("DeleteEventTracker", eventTrackerArn=tracker)
    assert put_refused(world, tracking, {"itemId": "i"}) == "400 InvalidInputException"
    world.wait(3)
    second = world.call("CreateEventTracker", name="second", datasetGroupArn=group)["trackingId"]
    assert put_refused(world, second, {"itemId": "i"}) == "400 InvalidInputException"
    world.wait(3)
    world.put(second, {"itemId": "i"})


def test_a_tracker_takes_events_only_for_a_group_with_an_interactions_dataset(world: World) -> None:
    group = world.call("CreateDatasetGroup", name="shop")["datasetGroupArn"]
    world.wait(3)
    tracking = world.call("CreateEventTracker", name="t", datasetGroupArn=group)["trackingId"]
    world.wait(3)
    assert put_refused(world, tracking, {"itemId": "i"}) == "400 InvalidInputException"
    made = world.call("CreateSchema", name="s", schema=schema())["schemaArn"]
    world.call("CreateDataset", name="d", schemaArn=made, datasetGroupArn=group, datasetType="Interactions")
    world.put(tracking, {"itemId": "i"})


def test_one_bad_event_refuses_the_whole_call(world: World) -> None:
    tracking = world.ready_to_collect()
    assert put_refused(world, tracking, {"itemId": "good"}, {"itemId": "i" * 257}) == "400 InvalidInputException"
    assert put_refused(world, tracking, {"itemId": "good"}, {"properties": "[]"}) == "400 InvalidInputException"
    assert world.service.deliveries() == []
    assert world.counts()["accepted"] == 0


@pytest.mark.parametrize(
    "properties",
    ["{", "[]", '"x"', '{"userId": "u"}', '{"USERID": "u"}', '{"a": 1, "Impression": "i"}', "[" * 1024],
)
def test_properties_are_a_json_object_without_reserved_keys(world: World, properties: str) -> None:
    tracking = world.ready_to_collect()
    assert put_refused(world, tracking, {"properties": properties}) == "400 InvalidInputException"


def test_an_event_counts_only_after_its_lag(world: World) -> None:
    tracking = world.ready_to_collect()
    world.put(tracking, {"itemId": "i"})
    world.wait(0.9)
    assert (world.counts()["accepted"], world.counts()["interactions"]) == (1, 0)
    world.wait(0.1)
    assert (world.counts()["accepted"], world.counts()["interactions"]) == (1, 1)


def test_a_repeated_event_id_counts_once_but_every_delivery_is_in_the_ledger(world: World) -> None:
    tracking = world.ready_to_collect()
    for item in ("a", "b"):
        world.put(tracking, {"itemId": item, "eventId": "same"})
        world.wait(5)
    assert [
        (delivery["number"], delivery["itemId"], delivery["eventId"]) for delivery in world.service.deliveries()
    ] == [
        (1, "a", "same"),
        (2, "b", "same"),
    ]
    assert world.counts()["interactions"] == 1
    assert world.counts()["notCounted"]["repeatedEventId"] == 1


def test_events_alike_in_the_same_second_are_one(world: World) -> None:
    tracking = world.ready_to_collect()
    second = int(world.now)
    alike = {"itemId": "a", "sentAt": second}
    world.put(
        tracking, alike, {**alike, "sentAt": second + 0.5}, {**alike, "sentAt": second + 1}, {**alike, "itemId": "b"}
    )
    world.put(tracking, {**alike, "eventType": "buy"}, {**alike, "properties": '{"colour": "red"}'})
    world.put(tracking, alike, user="other")
    world.wait(1)
    assert world.counts()["interactions"] == 6
    assert world.counts()["notCounted"]["sameSecond"] == 1


def test_an_event_without_an_item_is_accepted_and_not_counted(world: World) -> None:
    tracking = world.ready_to_collect()
    world.put(tracking, {}, {"properties": '{"itemId": "in the old place"}'})
    world.wait(1)
    assert (world.counts()["interactions"], world.counts()["notCounted"]["noItem"]) == (1, 1)


def test_a_session_counts_once_an_event_names_its_user(world: World) -> None:
    tracking = world.ready_to_collect()
    world.put(tracking, {"itemId": "a"}, {"itemId": "b"}, user=None, session="visit")
    world.wait(1)
    assert (world.counts()["interactions"], world.counts()["users"]) == (0, 0)
    world.put(tracking, {"itemId": "c"}, user="ann", session="visit")
    world.put(tracking, {"itemId": "d"}, user=None, session="visit")
    world.wait(1)
    counts = world.counts()
    assert (counts["interactions"], counts["users"], counts["usersWithTwo"]) == (4, 1, 1)


def test_users_with_two_interactions_are_counted(world: World) -> None:
    tracking = world.ready_to_collect()
    for user, items in (("a", 1), ("b", 2), ("c", 3)):
        world.put(tracking, *[{"itemId": f"i{number}"} for number in range(items)], user=user)
    world.wait(1)
    counts = world.counts()
    assert (counts["interactions"], counts["users"], counts["usersWithTwo"]) == (6, 3, 2)


def test_the_session_null_is_answered_and_dropped(world: World) -> None:
    tracking = world.ready_to_collect()
    world.put(tracking, {"itemId": "a"}, session="null")
    assert world.service.deliveries() == []
    assert world.service.status()["droppedNullSession"] == 1


def test_the_ledger_comes_in_pages(world: World) -> None:
    tracking = world.ready_to_collect()
    world.put(tracking, *[{"itemId": f"i{number}"} for number in range(5)])
    assert [delivery["itemId"] for delivery in world.service.deliveries(after=0, limit=2)] == ["i0", "i1"]
    assert [one["itemId"] for one in world.service.deliveries(after=4, limit=2)] == ["i4"]
    assert world.service.deliveries(after=5, limit=2) == []


def test_interactions_are_lost_with_their_dataset(world: World) -> None:
    tracking = world.ready_to_collect()
    world.put(tracking, {"itemId": "a"})
    world.wait(1)
    dataset = world.call("ListDatasets")["datasets"][0]["datasetArn"]
    schema_arn = world.call("DescribeDataset", datasetArn=dataset)["dataset"]["schemaArn"]
    group = world.call("DescribeDataset", datasetArn=dataset)["dataset"]["datasetGroupArn"]
    world.call("DeleteDataset", datasetArn=dataset)
    world.wait(3)
    world.call("CreateDataset", name="d", schemaArn=schema_arn, datasetGroupArn=group, datasetType="Interactions")
    assert world.counts()["interactions"] == 0
    assert len(world.service.deliveries()) == 1
