"""Which actions and which users a filter lets through."""

import numpy as np
import pytest

from personalize_local.errors import InvalidInput
from personalize_local.filters.evaluation import MOST_RECENT_ACTIONS
from personalize_local.filters.language import parse
from personalize_local.jobs.allowed_users import AllowedUsers, users_by_type
from recommender_models.interactions import NO_TYPE, Interaction, InteractionColumns
from tests.personalize_local.filters.catalogue import Shelf, did

ACTIONS = {
    "enrol": {"CATEGORY": "club", "VALUE": 9},
    "download": {"CATEGORY": "app|club", "VALUE": 2},
    "survey": {"CATEGORY": None, "VALUE": None},
}
DID = did(("Taken", "enrol"), ("NOT_TAKEN", "download"), ("Viewed", "enrol"), ("Not Taken", "survey"))


def allowed_actions(text: str, **options: object) -> set[str]:
    chosen = parse(text).bind({}).select(Shelf(ACTIONS), DID, options.get("user"))  # type: ignore[arg-type]
    return {action for action in ACTIONS if chosen.allows(action)}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('Actions.CATEGORY IN ("club")', {"enrol", "download"}),
        ("Actions.VALUE > 2", {"enrol"}),
        ('Actions.ACTION_ID IN ("survey")', {"survey"}),
        ('Action_Interactions.EVENT_TYPE IN ("TAKEN")', {"enrol"}),
        ('Action_Interactions.EVENT_TYPE IN ("Not Taken")', {"download", "survey"}),
        ('Action_Interactions.EVENT_TYPE IN ("not_taken")', {"download", "survey"}),
        ('Action_Interactions.EVENT_TYPE NOT IN ("NOT_TAKEN")', {"enrol"}),
    ],
)
def test_actions_are_chosen_by_their_properties_and_by_what_the_user_did_with_them(
    condition: str, found: set[str]
) -> None:
    assert allowed_actions(f"INCLUDE ActionID WHERE {condition}") == found
    assert allowed_actions(f"EXCLUDE ActionID WHERE {condition}") == ACTIONS.keys() - found


def test_if_decides_by_the_user_about_actions_too() -> None:
    text = "INCLUDE ActionID WHERE Actions.VALUE > 2 IF CurrentUser.AGE > 18"
    assert allowed_actions(text, user={"AGE": 20}) == {"enrol"}
    assert allowed_actions(text, user={"AGE": 3}) == ACTIONS.keys()


def test_an_event_type_of_an_item_with_a_space_is_another_one() -> None:
    history = did(("add to cart", "a"))
    bound = parse('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("add_to_cart")').bind({})
    assert bound.select(Shelf({}), history, None).included == frozenset()


def test_of_actions_the_newest_three_hundred_interactions_of_each_type_count() -> None:
    history = [Interaction("u", f"a{second}", "Viewed", float(second), None) for second in range(301)]
    bound = parse('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Viewed")').bind({})
    chosen = bound.select(Shelf({}), history, None, most_recent=MOST_RECENT_ACTIONS)
    assert chosen.excluded == {f"a{second}" for second in range(1, 301)}


USERS = ["anna", "bert", "cleo", "dora"]
RECORDS = {"anna": {"AGE": 20}, "bert": {"AGE": 50}, "cleo": {"AGE": None}}
EVENTS = [("anna", "View"), ("anna", "Buy"), ("bert", "view"), ("cleo", ""), ("dora", "Buy")]


def interactions() -> InteractionColumns:
    types = ["View", "Buy", "view", "Unused"]
    return InteractionColumns(
        USERS,
        ["i"],
        types,
        users=np.array([USERS.index(user) for user, _ in EVENTS], np.int32),
        items=np.zeros(len(EVENTS), np.int32),
        types=np.array([types.index(name) if name else NO_TYPE for _, name in EVENTS], np.int16),
        times=np.zeros(len(EVENTS), np.int64),
        values=np.full(len(EVENTS), np.nan, np.float32),
    )


def allowed_users(text: str, values: dict[str, str] | None = None) -> set[str]:
    asked = AllowedUsers(parse(text).bind, Shelf(RECORDS), interactions(), USERS)
    return {user for user, passes in zip(USERS, asked.mask(values or {}), strict=True) if passes}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Users.AGE >= 20", {"anna", "bert"}),
        ("Users.AGE > 20 AND Users.AGE < 60", {"bert"}),
        ('Users.USER_ID IN ("cleo", "dora")', {"cleo"}),
        ('Interactions.EVENT_TYPE IN ("VIEW")', {"anna", "bert"}),
        ('Interactions.EVENT_TYPE IN ("view") AND Interactions.EVENT_TYPE IN ("buy")', {"anna"}),
        ('Interactions.EVENT_TYPE IN ("*")', {"anna", "bert", "cleo", "dora"}),
        ('Interactions.EVENT_TYPE NOT IN ("view")', {"anna", "cleo", "dora"}),
        ('Interactions.EVENT_TYPE IN ("unused")', set()),
    ],
)
def test_users_are_chosen_by_their_properties_and_by_what_they_did(condition: str, found: set[str]) -> None:
    assert allowed_users(f"INCLUDE UserID WHERE {condition}") == found
    assert allowed_users(f"EXCLUDE UserID WHERE {condition}") == set(USERS) - found


def test_several_expressions_and_values_work_for_users_as_for_items() -> None:
    text = 'INCLUDE UserID WHERE Users.AGE >= $AGE | EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("buy")'
    assert allowed_users(text, {"AGE": "20"}) == {"bert"}
    assert allowed_users(text, {"AGE": "51"}) == set()
    with pytest.raises(InvalidInput, match="INCLUDE needs values for AGE"):
        allowed_users(text)


def test_types_that_differ_in_case_are_one() -> None:
    assert users_by_type(interactions()) == {
        "view": {"anna", "bert"},
        "buy": {"anna", "dora"},
        "unused": frozenset(),
        "": {"cleo"},
    }
