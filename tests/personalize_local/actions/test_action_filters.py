"""Filters for actions as a member meets them: which actions a list has, and why a filter is refused."""

import json
from typing import Any

import pytest

from personalize_local.filters.evaluation import MOST_RECENT
from tests.personalize_local.actions.club import Club
from tests.personalize_local.behaviours.shop import USERS
from tests.personalize_local.jobs.schemas import schema
from tests.personalize_local.world import Refused

ACTIONS = schema("Actions", ("ACTION_ID", "string"), ("VALUE", ["null", "long"]), ("CATEGORY", ["null", "string"]))
ALL = {"enrol", "download", "survey"}


@pytest.fixture(scope="module")
def club() -> Club:
    """Return a club with three actions, of which u1 has taken one and turned down another; u1 is 40, u2 is 10."""
    club = Club(actions=ACTIONS)
    made = {"schemaArn": club.world.call("CreateSchema", name="Users", schema=USERS)["schemaArn"], "name": "Users"}
    users = club.world.call("CreateDataset", **made, datasetGroupArn=club.group, datasetType="Users")["datasetArn"]
    club.world.wait(3)
    aged = [{"userId": user, "properties": json.dumps({"age": age})} for user, age in (("u1", 40), ("u2", 10))]
    club.world.call("PutUsers", datasetArn=users, users=aged)
    for action, category, value in (("enrol", "club", 9), ("download", "app|club", 2), ("survey", "other", 5)):
        club.put_action(action, category=category, value=value)
    for user in ("u1", "u2"):
        club.world.put(club.tracking, {"itemId": "i1"}, {"itemId": "i2"}, user=user, session=user)
    club.interact("u1", "enrol", "Taken")
    club.interact("u1", "survey", "Not Taken")
    club.world.wait(2)
    return club


@pytest.fixture(scope="module")
def campaign(club: Club) -> str:
    return club.campaign()


def create(club: Club, expression: str) -> str:
    """Create a filter under a name of its own."""
    name = f"f{len(club.world.call('ListFilters')['Filters'])}"
    made = {"name": name, "datasetGroupArn": club.group, "filterExpression": expression}
    arn = club.world.call("CreateFilter", **made)["filterArn"]
    club.world.wait(3)
    return str(arn)


@pytest.mark.parametrize(
    ("expression", "user", "values", "left"),
    [
        ('INCLUDE ActionID WHERE Actions.CATEGORY IN ("club")', "u1", {}, {"enrol", "download"}),
        ("EXCLUDE ActionID WHERE Actions.CATEGORY IN ($C)", "u1", {"C": '"app","other"'}, {"enrol"}),
        ("INCLUDE ActionID WHERE Actions.VALUE > ($V)", "u1", {"V": "4"}, {"enrol", "survey"}),
        ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("TAKEN")', "u1", {}, {"download", "survey"}),
        ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")', "u1", {}, {"enrol", "download"}),
        ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("TAKEN")', "u2", {}, ALL),
        ("INCLUDE ActionID WHERE Actions.VALUE > 4 IF CurrentUser.AGE > 18", "u1", {}, {"enrol", "survey"}),
        ("INCLUDE ActionID WHERE Actions.VALUE > 4 IF CurrentUser.AGE > 18", "u2", {}, ALL),
        (
            "INCLUDE ActionID WHERE Actions.VALUE > 4"
            ' | EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Taken")',
            "u1",
            {},
            {"survey"},
        ),
    ],
)
def test_an_expression_leaves_what_it_says(
    club: Club, campaign: str, expression: str, user: str, values: dict[str, str], left: set[str]
) -> None:
    assert set(club.recommended(campaign, user)) == ALL
    options: dict[str, Any] = {"filterValues": values} if values else {}
    assert set(club.recommended(campaign, user, filterArn=create(club, expression), **options)) == left


def test_a_filter_looks_at_more_interactions_with_actions_than_with_items(club: Club, campaign: str) -> None:
    club.interact("u3", "enrol", "Viewed", ago=MOST_RECENT + 60)
    for number in range(MOST_RECENT):
        club.interact("u3", f"other{number}", "Viewed")
    club.world.wait(2)
    viewed = create(club, 'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Viewed")')
    assert set(club.recommended(campaign, "u3", filterArn=viewed)) == {"download", "survey"}


def test_what_cannot_be_applied_is_refused(club: Club, campaign: str) -> None:
    items = create(club, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")')
    needing = create(club, "INCLUDE ActionID WHERE Actions.VALUE > $V")
    named = create(club, "INCLUDE ActionID WHERE Actions.CATEGORY = $C")
    for options, reason in (
        ({"filterArn": items}, "is a filter for items, and a list of actions needs its own"),
        ({"filterArn": needing}, "INCLUDE needs values for V"),
        ({"filterArn": needing, "filterValues": {"V": '"high"'}}, "takes a number"),
        ({"filterArn": named, "filterValues": {"C": "5"}}, "Actions.CATEGORY: expected a string in double quotes"),
    ):
        with pytest.raises(Refused, match=f"400 InvalidInput.*{reason}"):
            club.recommended(campaign, "u1", **options)
    with pytest.raises(Refused, match=r"InvalidInput.*Actions.PRICE: no such field in the schema"):
        create(club, "INCLUDE ActionID WHERE Actions.PRICE > 3")


def test_a_filter_for_actions_is_none_for_items(club: Club) -> None:
    campaign = club.world.campaign(club.world.trained(club.world.solution("i", datasetGroupArn=club.group)), "items")
    valuable = create(club, "INCLUDE ActionID WHERE Actions.VALUE > 4")
    with pytest.raises(Refused, match=r"400 InvalidInput.*is a filter for actions"):
        club.world.call("GetRecommendations", campaignArn=campaign, userId="u1", filterArn=valuable)
