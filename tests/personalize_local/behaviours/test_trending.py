"""aws-trending-now finds what gains popularity now, where the most popular items would be found by any count."""

from collections.abc import Iterable
from typing import Any

import pytest

from personalize_local.toggles import Toggles
from tests.personalize_local.behaviours.shop import RECIPES
from tests.personalize_local.domains.domain import HOUR, Domain
from tests.personalize_local.world import Refused, World

TRENDING = f"{RECIPES}aws-trending-now"
MINUTE = 60.0


@pytest.fixture
def world() -> World:
    """Return a world in which a few interactions train a model."""
    return World(toggles=Toggles(throttling=False, minimums=False))


def put(world: World, tracking: str, views: Iterable[tuple[str, int, float]]) -> None:
    """Put views: item, how often, seconds before now."""
    users = iter(range(10_000))
    for item, count, ago in views:
        for _ in range(count):
            event = {"itemId": item, "sentAt": world.now - ago}
            world.put(tracking, event, user=f"u{next(users)}", session=f"s{item}{ago}")
    world.wait(2)


def trending(world: World, tracking: str, **config: Any) -> str:
    """Train and deploy; return the campaign."""
    options = {"solutionConfig": {"featureTransformationParameters": config}} if config else {}
    return world.campaign(world.trained(world.solution(recipeArn=TRENDING, **options)))


def listed(world: World, campaign: str, results: int = 3, **request: Any) -> list[str]:
    """Return what is trending, whoever asks."""
    answer = world.call("GetRecommendations", campaignArn=campaign, numResults=results, **request)
    assert all("score" not in item for item in answer["itemList"])
    return [item["itemId"] for item in answer["itemList"]]


def test_what_gains_comes_before_what_is_popular(world: World) -> None:
    tracking = world.ready_to_collect()
    put(world, tracking, [("classic", 60, 2.5 * HOUR), ("classic", 66, MINUTE), ("rising", 2, 2.5 * HOUR)])
    put(world, tracking, [("rising", 20, MINUTE), ("falling", 20, 2.5 * HOUR), ("falling", 2, MINUTE)])
    campaign = trending(world, tracking)
    assert listed(world, campaign) == ["rising", "classic", "falling"]


def test_a_new_item_is_found_without_another_training(world: World) -> None:
    tracking = world.ready_to_collect()
    put(world, tracking, [("classic", 60, 30 * HOUR)])
    campaign = trending(world, tracking)
    assert listed(world, campaign) == ["classic"], "nothing in the last two intervals: popular items"
    put(world, tracking, [("hit", 9, MINUTE)])
    world.wait(5 * MINUTE)
    assert listed(world, campaign, 1) == ["hit"]
    world.wait(6 * HOUR)
    assert listed(world, campaign) == ["classic"]


def test_the_interval_is_the_solutions(world: World) -> None:
    tracking = world.ready_to_collect()
    put(world, tracking, [("morning", 20, 2 * HOUR), ("noon", 5, 10 * MINUTE), ("noon", 5, 50 * MINUTE)])
    half_an_hour = trending(world, tracking, trend_discovery_frequency="30 minutes")
    assert listed(world, half_an_hour, 1) == ["morning"], "as much in this interval as in the one before"
    by_hour = world.solution(name="hourly", recipeArn=TRENDING, datasetGroupArn=_group(), **_every("1 hour"))
    campaign = world.campaign(world.trained(by_hour), name="hourly")
    assert listed(world, campaign, 1) == ["noon"]
    with pytest.raises(Refused, match=r"InvalidInput.*must be one of 30 minutes"):
        world.solution(name="other", recipeArn=TRENDING, datasetGroupArn=_group(), **_every("5 minutes"))


def _group() -> str:
    return "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"


def _every(word: str) -> dict[str, Any]:
    return {"solutionConfig": {"featureTransformationParameters": {"trend_discovery_frequency": word}}}


def test_events_of_another_type_do_not_count(world: World) -> None:
    tracking = world.ready_to_collect()
    put(world, tracking, [("classic", 9, 3 * HOUR), ("seen", 9, MINUTE)])
    world.put(tracking, *[{"itemId": "bought", "eventType": "buy"}, {"itemId": "bought", "eventType": "buy"}], user="b")
    world.wait(2)
    solution = world.solution(recipeArn=TRENDING, eventType="buy")
    assert listed(world, world.campaign(world.trained(solution)), 1) == ["bought"]


def test_the_use_case_of_video_on_demand_is_the_same_every_two_hours() -> None:
    cinema = Domain("VIDEO_ON_DEMAND")
    cinema.put([(f"u{number}", "classic", "Watch", 30 * HOUR) for number in range(30)])
    cinema.put([(f"u{number}", "rising", "Watch", MINUTE) for number in range(5)])
    arn = cinema.recommender("aws-vod-trending-now")
    assert cinema.recommended(arn) == ["rising", "classic"]


def test_there_are_no_batch_recommendations(world: World) -> None:
    put(world, world.ready_to_collect(), [("classic", 9, HOUR)])
    version = world.trained(world.solution(recipeArn=TRENDING))
    job = {"jobName": "b", "solutionVersionArn": version, "roleArn": "arn:aws:iam::123456789012:role/any"}
    place = {"s3DataSource": {"path": "s3://a/b"}}, {"s3DataDestination": {"path": "s3://a/c/"}}
    with pytest.raises(Refused, match=r"InvalidInput.*no batch recommendations"):
        world.call("CreateBatchInferenceJob", **job, jobInput=place[0], jobOutput=place[1])
