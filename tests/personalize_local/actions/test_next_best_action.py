"""aws-next-best-action finds the action that users with the same interests take, under the rules of the actions."""

from typing import Any

import pytest

from personalize_local.toggles import Toggles
from tests.personalize_local.actions.club import RECIPE, Club
from tests.personalize_local.behaviours.test_throttling import accepted_calls
from tests.personalize_local.world import Refused, World

DAY = 86_400.0


@pytest.fixture(scope="module")
def club() -> Club:
    """Return a club of 130 members, with two actions that they were offered and one that nobody was."""
    club = Club()
    for action in ("download", "enrol", "new"):
        club.put_action(action)
    club.members()
    return club


@pytest.fixture(scope="module")
def campaign(club: Club) -> str:
    return club.campaign()


def test_a_new_member_gets_what_those_with_the_same_interests_took(club: Club, campaign: str) -> None:
    for odd, action in ((1, "download"), (0, "enrol")):
        user = f"guest{odd}"
        seen = [{"itemId": f"i{2 * step + odd}"} for step in range(3)]
        club.world.put(club.tracking, *seen, user=user, session=user)
        club.world.wait(2)
        found = club.recommended(campaign, user)
        first, *_, last = found
        assert (first, last) == (action, "new")
        assert 0.7 < found[first] <= 1
        assert found["new"] == 0, "there is nothing to learn of it"


def test_its_metric_says_so(club: Club, campaign: str) -> None:
    version = club.world.call("DescribeCampaign", campaignArn=campaign)["campaign"]["solutionVersionArn"]
    metrics = club.world.call("GetSolutionMetrics", solutionVersionArn=version)["metrics"]
    assert metrics.keys() == {"auc"}
    assert metrics["auc"] > 0.9


def test_of_equally_likely_actions_the_more_valuable_comes_first(club: Club, campaign: str) -> None:
    club.put_action("alpha", value=2)
    club.put_action("beta", value=9)
    names = list(club.recommended(campaign, "u1"))
    assert names.index("beta") < names.index("alpha") < names.index("new")
    club.put_action("alpha", value=10)
    names = list(club.recommended(campaign, "u1"))
    assert names.index("alpha") < names.index("beta")


def test_an_expired_action_is_left_out(club: Club, campaign: str) -> None:
    club.put_action("drive", actionExpirationTimestamp=int(club.world.now) + 5)
    assert "drive" in club.recommended(campaign, "u1", numResults=50)
    club.world.wait(4)
    assert "drive" in club.recommended(campaign, "u1", numResults=50)
    club.world.wait(1)
    assert "drive" not in club.recommended(campaign, "u1", numResults=50)


def test_an_action_waits_for_its_days_after_the_user_has_seen_it(club: Club, campaign: str) -> None:
    club.put_action("survey", repeatFrequency=7)
    assert "survey" in club.recommended(campaign, "u1", numResults=50)
    club.interact("u1", "survey", "Viewed", ago=0)
    club.world.wait(2)
    assert "survey" not in club.recommended(campaign, "u1", numResults=50)
    assert "survey" in club.recommended(campaign, "u3", numResults=50)
    club.world.wait(7 * DAY - 3)
    assert "survey" not in club.recommended(campaign, "u1", numResults=50)
    club.world.wait(1)
    assert "survey" in club.recommended(campaign, "u1", numResults=50)
    club.interact("u1", "survey", "Viewed", ago=0)
    club.interact("u1", "survey", "Viewed", ago=8 * DAY)  # which comes late
    club.world.wait(2)
    assert "survey" not in club.recommended(campaign, "u1", numResults=50)


def test_a_list_has_five_actions_unless_it_is_asked_for_more(club: Club, campaign: str) -> None:
    for number in range(8):
        club.put_action(f"more{number}")
    assert len(club.recommended(campaign, "u1")) == 5
    assert len(club.recommended(campaign, "u1", numResults=0)) == 5
    assert len(club.recommended(campaign, "u1", numResults=8)) == 8
    assert len(club.recommended(campaign, "u1", numResults=100)) > 8


def test_a_campaign_gives_five_hundred_lists_of_actions_a_second(club: Club, campaign: str) -> None:
    club.world.wait(1)
    club.world.service.set_toggles({"throttling": True})
    assert accepted_calls(lambda: club.recommended(campaign, "u1"), 501) == 500
    club.world.service.set_toggles({"throttling": False})


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"userId": ""}, "userId is required"),
        ({"numResults": 101}, "at most 100"),
        ({"filterValues": {"A": "1"}}, "filterValues needs a filterArn"),
    ],
)
def test_what_cannot_be_answered_is_refused(club: Club, campaign: str, request_: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=f"InvalidInput.*{reason}"):
        club.world.call("GetActionRecommendations", **{"campaignArn": campaign, "userId": "u1"} | request_)


def test_each_operation_is_for_its_recipes(club: Club, campaign: str) -> None:
    with pytest.raises(Refused, match=r"InvalidInput.*use GetActionRecommendations"):
        club.world.recommended(campaign, "u1")
    items = club.world.campaign(club.world.trained(club.world.solution("items", datasetGroupArn=club.group)), "items")
    with pytest.raises(Refused, match=r"InvalidInput.*use GetRecommendations"):
        club.recommended(items, "u1")


def test_too_few_outcomes_give_no_score_and_so_do_those_of_another_month(club: Club) -> None:
    small = Club(World(toggles=Toggles(throttling=False, minimums=False)))
    small.put_action("enrol")
    small.put_action("download")
    small.members(98)
    assert set(small.recommended(small.campaign(), "u1").values()) == {0.0}, "49 of each kind"
    small.world.wait(50 * DAY)
    small.members(101)
    scores = small.recommended(small.campaign("second"), "u1")
    assert all(score > 0 for score in scores.values())
    small.world.wait(50 * DAY)
    small.interact("u1", "enrol", "Viewed", ago=0)
    small.world.wait(2)
    assert set(small.recommended(small.campaign("third"), "u1").values()) == {0.0}, "all but one are too old"


def test_without_actions_there_is_nothing_to_train(world: World) -> None:
    world.fill(world.ready_to_collect())
    world.wait(2)
    solution = world.solution(recipeArn=RECIPE)
    with pytest.raises(Refused, match=r"InvalidInput.*requires an Actions dataset"):
        world.call("CreateSolutionVersion", solutionArn=solution)
    period = {"solutionConfig": {"featureTransformationParameters": {"action_optimization_period": "29"}}}
    with pytest.raises(Refused, match=r"InvalidInput.*7 to 28"):
        world.solution(
            "other", recipeArn=RECIPE, datasetGroupArn=solution.replace("solution", "dataset-group"), **period
        )
