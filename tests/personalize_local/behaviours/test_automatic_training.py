"""When a solution trains itself: after a delay, then on its schedule, with something new to learn."""

from typing import Any

import pytest

from tests.personalize_local.world import HeldJobs, World

HOUR, DAY = 3600.0, 86_400.0
SOURCE = {"dataLocation": "s3://shop/users.csv"}
ROLE = "arn:aws:iam::123456789012:role/any"


def versions(world: World) -> list[dict[str, Any]]:
    """Return the solution versions after a tick of the clock."""
    world.service.tick()
    world.wait(60)
    return list(world.call("ListSolutionVersions")["solutionVersions"])


@pytest.fixture
def shop(world: World) -> World:
    """A world with enough to train on, visible."""
    world.fill(world.ready_to_collect())
    world.wait(2)
    return world


def more(world: World) -> None:
    """Put another user's events."""
    (tracker,) = world.call("ListEventTrackers")["eventTrackers"]
    described = world.call("DescribeEventTracker", eventTrackerArn=tracker["eventTrackerArn"])["eventTracker"]
    world.put(described["trackingId"], {"itemId": "i1"}, {"itemId": "i3"}, user=f"late{world.now}")
    world.wait(2)


def test_a_solution_trains_itself_an_hour_after_it_is_active_and_says_so(shop: World) -> None:
    shop.solution()
    shop.wait(HOUR - 120)
    assert versions(shop) == []
    shop.wait(120)
    (version,) = versions(shop)
    assert (version["status"], version["trainingType"]) == ("ACTIVE", "AUTOMATIC")


def test_it_trains_again_after_each_period_if_something_has_come_in(shop: World) -> None:
    shop.solution(solutionConfig={"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}})
    shop.wait(HOUR)
    assert len(versions(shop)) == 1
    shop.wait(2 * DAY)
    assert len(versions(shop)) == 1, "nothing new"
    more(shop)
    assert len(versions(shop)) == 2
    more(shop)
    shop.wait(2 * DAY - 200)
    assert len(versions(shop)) == 2, "the period counts from the last automatic training"
    shop.wait(200)
    assert len(versions(shop)) == 3


def test_without_a_schedule_it_is_a_week(shop: World) -> None:
    shop.solution()
    shop.wait(HOUR)
    assert len(versions(shop)) == 1
    more(shop)
    shop.wait(7 * DAY - 200)
    assert len(versions(shop)) == 1
    shop.wait(200)
    assert len(versions(shop)) == 2


def test_what_a_training_by_hand_has_seen_is_not_new(shop: World) -> None:
    shop.trained(shop.solution())
    shop.wait(HOUR)
    assert [version["trainingType"] for version in versions(shop)] == ["MANUAL"]
    more(shop)
    assert [version["trainingType"] for version in versions(shop)] == ["MANUAL", "AUTOMATIC"]


def test_it_waits_until_there_is_enough_to_train_on(world: World) -> None:
    tracking = world.ready_to_collect()
    world.fill(tracking, users=20)
    world.solution()
    world.wait(3 * HOUR)
    assert versions(world) == []
    world.fill(tracking)
    world.wait(2)
    assert len(versions(world)) == 1


def test_it_can_be_switched_off_from_the_start_and_later(shop: World) -> None:
    off = shop.solution(performAutoTraining=False)
    shop.wait(HOUR)
    assert versions(shop) == []
    shop.call("UpdateSolution", solutionArn=off, performAutoTraining=True)
    assert len(versions(shop)) == 1
    shop.call("UpdateSolution", solutionArn=off, performAutoTraining=False)
    more(shop)
    shop.wait(8 * DAY)
    assert len(versions(shop)) == 1


def test_a_request_starts_what_is_due_too(shop: World) -> None:
    shop.solution()
    shop.wait(HOUR)
    shop.call("ListSchemas")
    shop.wait(60)
    assert len(shop.call("ListSolutionVersions")["solutionVersions"]) == 1


def test_while_users_are_deleted_it_waits_and_everything_else_is_answered() -> None:
    jobs = HeldJobs()
    world = World(jobs=jobs)
    tracking = world.ready_to_collect()
    world.fill(tracking)
    world.solution()
    group = world.call("ListDatasetGroups")["datasetGroups"][0]["datasetGroupArn"]
    world.wait(HOUR - 10)
    world.call("CreateDataDeletionJob", jobName="d", datasetGroupArn=group, dataSource=SOURCE, roleArn=ROLE)
    world.wait(60)
    world.put(tracking, {"itemId": "i1"})
    assert versions(world) == []
    assert [job.kind for job, _ in jobs.started] == ["deletion"]
