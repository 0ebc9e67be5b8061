"""Training minima, campaigns and recommendations, in virtual time."""

from typing import Any

import pytest

from personalize_local.jobs.runner import Outcome
from tests.personalize_local.test_life_cycle import refusal
from tests.personalize_local.world import START, HeldJobs, World, schema

EVEN = {f"i{item}" for item in range(0, 20, 2)}


@pytest.fixture
def shop(world: World) -> World:
    """Return a world with 1,200 visible interactions of 40 users, in which odd users like odd items."""
    world.fill(world.ready_to_collect())
    world.wait(2)
    return world


def tracking(world: World) -> str:
    tracker = world.call("ListEventTrackers")["eventTrackers"][0]["eventTrackerArn"]
    return str(world.call("DescribeEventTracker", eventTrackerArn=tracker)["eventTracker"]["trackingId"])


@pytest.mark.parametrize(
    ("users", "each", "singles", "reason"),
    [
        (33, 30, 9, "at least 1000 interactions; there are 999."),
        (24, 50, 0, "at least 25 users with 2 interactions or more; there are 24."),
        (25, 2, 2600, "at least 1% of users with 2 interactions or more; there are 25 of 2625."),
        (25, 40, 0, None),
        (25, 2, 2475, None),
    ],
)
def test_too_few_interactions_end_in_create_failed_with_the_numbers(
    world: World, users: int, each: int, singles: int, reason: str | None
) -> None:
    made = world.ready_to_collect()
    world.fill(made, users, each)
    for number in range(singles):
        world.put(made, {"itemId": "i1"}, user=f"single{number}", session=f"single{number}")
    world.wait(1)
    version = world.trained(world.solution())
    described = world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]
    assert described["status"] == ("CREATE FAILED" if reason else "ACTIVE")
    assert reason is None or reason in described["failureReason"]


def test_events_that_are_not_visible_yet_are_not_trained_on(world: World) -> None:
    made = world.ready_to_collect()
    solution = world.solution()
    world.fill(made)
    version = world.trained(solution)
    described = world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]
    assert described["failureReason"].endswith("there are 0.")


def test_a_training_is_pending_then_in_progress_until_it_is_done_and_not_before() -> None:
    jobs = HeldJobs()
    world = World(jobs=jobs)
    world.fill(world.ready_to_collect())
    world.wait(2)
    solution = world.solution()
    version = world.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]

    def status() -> str:
        return str(world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]["status"])

    assert status() == "CREATE PENDING"
    world.wait(1000)
    assert status() == "CREATE IN_PROGRESS"
    assert refusal(world, "CreateCampaign", name="c", solutionVersionArn=version).code == "ResourceInUseException"
    latest = refusal(world, "CreateCampaign", name="c", solutionVersionArn=f"{solution}/$LATEST")
    assert latest.code == "ResourceNotFoundException"
    jobs.end(Outcome(failure="no luck"))
    assert status() == "CREATE FAILED"


def test_the_newest_version_is_shown_with_its_solution(shop: World) -> None:
    solution = shop.solution()
    assert "latestSolutionVersion" not in shop.call("DescribeSolution", solutionArn=solution)["solution"]
    shop.trained(solution)
    newest = shop.trained(solution)
    described = shop.call("DescribeSolution", solutionArn=solution)["solution"]["latestSolutionVersion"]
    assert (described["solutionVersionArn"], described["status"]) == (newest, "ACTIVE")


def test_recommendations_follow_the_shoppers_taste(shop: World) -> None:
    campaign = shop.campaign(shop.trained(shop.solution()))
    assert set(shop.recommended(campaign, "u0")) <= EVEN
    assert not set(shop.recommended(campaign, "u1")) & EVEN


def test_a_shoppers_new_events_count_without_training_once_they_are_visible(shop: World) -> None:
    campaign = shop.campaign(shop.trained(shop.solution()))
    popular = shop.recommended(campaign, "new")
    shop.put(tracking(shop), {"itemId": "i1"}, {"itemId": "i3"}, user="new", session="n")
    shop.wait(0.9)
    assert shop.recommended(campaign, "new") == popular
    shop.wait(0.1)
    fresh = shop.recommended(campaign, "new")
    assert fresh != popular
    assert not set(fresh) & EVEN
    shop.put(tracking(shop), {"itemId": "i2"}, {"itemId": "i4"}, user=None, session="unknown visitor")
    shop.wait(1)
    assert set(shop.recommended(campaign, "unknown visitor")) <= EVEN


def test_a_history_counts_until_its_dataset_is_deleted(shop: World) -> None:
    campaign = shop.campaign(shop.trained(shop.solution()))
    own, popular = shop.recommended(campaign, "u1"), shop.recommended(campaign, "nobody")
    assert own != popular
    shop.call("DeleteDataset", datasetArn=shop.call("ListDatasets")["datasets"][0]["datasetArn"])
    shop.wait(2.5)
    assert shop.recommended(campaign, "u1") == own
    shop.wait(0.5)
    assert shop.recommended(campaign, "u1") == popular


def test_an_unknown_shopper_gets_what_is_popular_in_the_last_thirty_days(world: World) -> None:
    made = world.ready_to_collect()
    long_ago = int(START) - 31 * 86_400
    for number in range(30):
        world.put(made, *[{"itemId": "old hit", "sentAt": long_ago + step} for step in range(10)], user=f"o{number}")
    world.fill(made)
    for number in range(9):
        world.put(made, {"itemId": "new hit"}, {"itemId": "new hit", "eventType": "buy"}, user=f"n{number}")
        world.put(made, *[{"itemId": "new hit", "eventType": f"x{step}"} for step in range(10)], user=f"n{number}")
    world.wait(1)
    campaign = world.campaign(world.trained(world.solution()))
    everything = world.recommended(campaign, "nobody", 500)
    assert everything[0] == "new hit"
    assert everything[-1] == "old hit"


def test_scores_are_positive_falling_and_sum_to_at_most_one(shop: World) -> None:
    campaign = shop.campaign(shop.trained(shop.solution()))
    for user in ("u0", "nobody"):
        answer = shop.call("GetRecommendations", campaignArn=campaign, userId=user)
        scores = [item["score"] for item in answer["itemList"]]
        assert len(scores) == 20, "all items, as there are fewer than the 25 of the default"
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] > 0
        assert sum(scores) <= 1.0001
        assert answer["recommendationId"].startswith("RID-")
        assert len(answer["recommendationId"]) == 40


def test_twenty_five_items_come_where_no_number_is_asked_for(world: World) -> None:
    world.fill(world.ready_to_collect(), items=80)
    world.wait(2)
    campaign = world.campaign(world.trained(world.solution()))
    for number in ({}, {"numResults": 0}):
        answer = world.call("GetRecommendations", campaignArn=campaign, userId="u0", **number)
        assert len(answer["itemList"]) == 25


def test_what_cannot_be_recommended_is_refused_with_the_reason(shop: World) -> None:
    campaign = shop.campaign(shop.trained(shop.solution()))
    ask = {"campaignArn": campaign, "userId": "u0"}
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({**ask, "campaignArn": f"{campaign}x"}, 404, "ResourceNotFoundException"),
        ({"campaignArn": campaign}, 400, "InvalidInputException"),
        ({"userId": "u0"}, 400, "InvalidInputException"),
        ({**ask, "userId": ""}, 400, "InvalidInputException"),
        ({**ask, "numResults": 501}, 400, "InvalidInputException"),
        ({**ask, "filterArn": campaign.replace("campaign", "filter")}, 404, "ResourceNotFoundException"),
        ({**ask, "filterValues": {"a": "1"}}, 400, "InvalidInputException"),
        ({**ask, "promotions": [{"percentPromotedItems": 10}]}, 400, "InvalidInputException"),
    ]
    for request, status, code in wrong:
        error = refusal(shop, "GetRecommendations", **request)
        assert (error.status, error.code) == (status, code)
    assert len(shop.recommended(campaign, "u0", 7)) == 7


def test_a_campaign_answers_once_it_is_active_and_not_after_its_deletion(shop: World) -> None:
    version = shop.trained(shop.solution())
    campaign = shop.call("CreateCampaign", name="c", solutionVersionArn=version)["campaignArn"]
    assert refusal(shop, "GetRecommendations", campaignArn=campaign, userId="u").code == "ResourceNotFoundException"
    shop.wait(6)
    shop.recommended(campaign, "u")
    shop.call("DeleteCampaign", campaignArn=campaign)
    assert refusal(shop, "GetRecommendations", campaignArn=campaign, userId="u").code == "ResourceNotFoundException"


def test_a_synchronised_campaign_follows_the_newest_active_version_and_a_fixed_one_does_not(shop: World) -> None:
    solution = shop.solution()
    first = shop.trained(solution)
    following = {"campaignConfig": {"syncWithLatestSolutionVersion": True}}
    synchronised = shop.campaign(f"{solution}/$LATEST", "a", **following)
    fixed = shop.campaign(f"{solution}/$LATEST", "b")
    second = shop.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]

    def serving(campaign: str) -> str:
        return str(shop.call("DescribeCampaign", campaignArn=campaign)["campaign"]["solutionVersionArn"])

    assert (serving(synchronised), serving(fixed)) == (first, first)
    shop.wait(30)
    assert (serving(synchronised), serving(fixed)) == (second, first)
    error = refusal(shop, "CreateCampaign", name="x", solutionVersionArn=first, **following)
    assert error.code == "InvalidInputException"


def test_an_updated_campaign_serves_the_old_version_until_the_update_is_over(shop: World) -> None:
    solution = shop.solution()
    first, second = shop.trained(solution), shop.trained(solution)
    campaign = shop.campaign(first)
    shop.call("UpdateCampaign", campaignArn=campaign, solutionVersionArn=second, minProvisionedTPS=2)
    again = refusal(shop, "UpdateCampaign", campaignArn=campaign, minProvisionedTPS=3)
    assert again.code == "ResourceInUseException"

    def described() -> tuple[str, int, str]:
        seen = shop.call("DescribeCampaign", campaignArn=campaign)["campaign"]
        return seen["solutionVersionArn"], seen["minProvisionedTPS"], seen["latestCampaignUpdate"]["status"]

    assert described() == (first, 1, "CREATE IN_PROGRESS")
    shop.wait(6)
    assert described() == (second, 2, "ACTIVE")
    shop.call("UpdateCampaign", campaignArn=campaign, minProvisionedTPS=3)
    shop.wait(6)
    assert described() == (second, 3, "ACTIVE")


def test_event_types_and_thresholds_decide_what_is_trained_on(world: World) -> None:
    made = world.ready_to_collect(schema({"name": "EVENT_VALUE", "type": ["null", "float"]}))
    world.fill(made)
    world.put(made, {"itemId": "dear", "eventType": "buy", "eventValue": 10.0}, {"itemId": "i1", "eventType": "buy"})
    world.wait(1)
    cases: list[tuple[dict[str, Any], int]] = [
        ({"eventType": "buy"}, 2),
        ({"eventType": "buy", "solutionConfig": {"eventValueThreshold": "5"}}, 1),
        (events_config({"eventType": "buy", "weight": 0.5}), 2),
        (events_config({"eventType": "buy", "eventValueThreshold": 10.5}), 0),
        (events_config({"eventType": "buy", "weight": 0.0}), 0),
    ]
    for number, (options, left) in enumerate(cases):
        group = "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"
        version = world.trained(world.solution(f"s{number}", datasetGroupArn=group, **options))
        described = world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]
        assert described["failureReason"].endswith(f"there are {left}.")


def events_config(*events: dict[str, Any]) -> dict[str, Any]:
    return {"solutionConfig": {"eventsConfig": {"eventParametersList": list(events)}}}


def test_an_amount_counts_only_where_the_schema_has_the_column(world: World) -> None:
    made = world.ready_to_collect()
    world.put(made, {"itemId": "dear", "eventType": "buy", "eventValue": 10.0})
    world.wait(1)
    version = world.trained(world.solution(eventType="buy", solutionConfig={"eventValueThreshold": "5"}))
    described = world.call("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]
    assert described["failureReason"].endswith("there are 0.")
    assert world.service.deliveries()[0]["eventValue"] == 10.0


def test_the_newest_lists_are_remembered_with_their_ids_in_order(shop: World) -> None:
    campaign = shop.campaign(shop.trained(shop.solution()))
    given = [shop.call("GetRecommendations", campaignArn=campaign, userId=user, numResults=3) for user in "ab"]
    first, second = shop.service.recent_lists()
    assert [first["number"], first["userId"], first["given_at"]] == [1, "a", shop.now]
    assert first["recommendationId"] == given[0]["recommendationId"]
    assert list(second["items"]) == [entry["itemId"] for entry in given[1]["itemList"]]
    assert shop.service.recent_lists(after=1) == [second]
    assert shop.service.recent_lists(limit=1) == [first]
