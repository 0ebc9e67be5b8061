"""Which items a filter lets through."""

import pytest

from personalize_local.errors import InvalidInput
from personalize_local.filters.evaluation import Selection
from personalize_local.filters.language import parse
from recommender_models.interactions import Interaction
from tests.personalize_local.filters.catalogue import SHELF, Shelf, allowed, did, selection

EVERYTHING = set(SHELF)

CONDITIONS = [
    ('Items.GENRE IN ("drama")', {"drama", "both"}),
    ('Items.GENRE IN ("Drama")', set()),
    ('Items.GENRE NOT IN ("drama")', {"comedy"}),
    ('Items.GENRE = "comedy"', {"comedy", "both"}),
    ('Items.GENRE != "comedy"', {"drama"}),
    ("Items.PRICE < 20", {"drama"}),
    ("Items.PRICE <= 20", {"drama", "comedy"}),
    ("Items.PRICE > 20", {"both"}),
    ("Items.PRICE >= 20.0", {"comedy", "both"}),
    ("Items.PRICE = 10", {"drama"}),
    ("Items.PRICE != 10", {"comedy", "both"}),
    ("Items.YEAR > 1995 AND Items.YEAR < 2005 OR Items.YEAR = 2020", {"comedy", "unknown"}),
    ("Items.YEAR = 2020 OR Items.YEAR > 1995 AND Items.YEAR < 2005", {"comedy", "unknown"}),
    ('Items.ITEM_ID IN ("both", "gone")', {"both"}),
    ("Items.MISSING < 1", set()),
]


@pytest.mark.parametrize(("condition", "found"), CONDITIONS)
def test_include_keeps_and_exclude_drops_the_items_that_meet_the_conditions(condition: str, found: set[str]) -> None:
    assert allowed(f"INCLUDE ItemID WHERE {condition}") == found
    assert allowed(f"EXCLUDE ItemID WHERE {condition}") == EVERYTHING - found


DID = did(("View", "drama"), ("view", "comedy"), ("Purchase", "comedy"), ("Click", "both"))
TYPES = [
    ('IN ("VIEW")', {"drama", "comedy"}),
    ('IN ("view", "click")', {"drama", "comedy", "both"}),
    ('IN ("*")', {"drama", "comedy", "both"}),
    ('IN ("wish")', set()),
    ('NOT IN ("view")', {"comedy", "both"}),
    ('NOT IN ("*")', set()),
    ('IN ("view") AND Interactions.EVENT_TYPE IN ("purchase")', {"comedy"}),
    ('IN ("click") OR Interactions.EVENT_TYPE IN ("purchase")', {"comedy", "both"}),
]


@pytest.mark.parametrize(("test", "found"), TYPES)
def test_interactions_are_looked_at_by_event_type_in_any_case(test: str, found: set[str]) -> None:
    assert allowed(f"INCLUDE ItemID WHERE Interactions.EVENT_TYPE {test}", history=DID) == found
    assert allowed(f"EXCLUDE ItemID WHERE Interactions.EVENT_TYPE {test}", history=DID) == EVERYTHING - found


def test_interactions_count_whether_or_not_their_item_is_in_the_catalogue() -> None:
    chosen = selection('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")', history=did(("view", "elsewhere")))
    assert chosen == Selection(None, frozenset({"elsewhere"}))


def test_only_the_newest_hundred_interactions_of_each_event_type_count_in_whatever_order_they_come() -> None:
    views = [Interaction("u", f"v{second}", "view", float(second), None) for second in range(101)]
    old_purchase = Interaction("u", "p", "purchase", -1.0, None)
    chosen = selection(
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', history=[*reversed(views), old_purchase]
    )
    assert chosen.excluded == {"p", *(f"v{second}" for second in range(1, 101))}


def test_how_many_interactions_count_can_be_set_as_the_quota_can() -> None:
    bound = parse('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")').bind({})
    history = did(("view", "drama"), ("view", "comedy"))
    assert bound.select(Shelf(SHELF), history, None, most_recent=1).excluded == {"comedy"}


DRAMA = 'ItemID WHERE Items.GENRE IN ("drama")'
VIEWED = 'ItemID WHERE Interactions.EVENT_TYPE IN ("view")'
COMBINED = [
    (f"INCLUDE {DRAMA} | INCLUDE {VIEWED}", {"drama", "both", "comedy"}),
    (f"EXCLUDE {DRAMA} | EXCLUDE {VIEWED}", {"unknown"}),
    (f"INCLUDE {DRAMA} | EXCLUDE {VIEWED}", {"both"}),
    (f"EXCLUDE {VIEWED} | INCLUDE {DRAMA}", {"both"}),
    (f"INCLUDE {VIEWED} | EXCLUDE {DRAMA} | INCLUDE {DRAMA}", {"comedy"}),
]


@pytest.mark.parametrize(("text", "found"), COMBINED)
def test_inclusions_add_up_exclusions_add_up_and_are_taken_from_the_inclusions(text: str, found: set[str]) -> None:
    assert allowed(text, history=DID) == found


USERS = [
    ({"AGE": 20, "PLAN": "gold|old"}, True),
    ({"AGE": 20, "PLAN": "tin"}, False),
    ({"AGE": 18, "PLAN": "gold"}, False),
    ({"AGE": None, "PLAN": "gold"}, False),
    ({}, False),
    (None, False),
]


@pytest.mark.parametrize(("user", "applies"), USERS)
def test_if_decides_by_the_user_whether_its_part_applies(user: dict[str, object] | None, applies: bool) -> None:
    when = 'IF CurrentUser.AGE > 18 AND CurrentUser.PLAN IN ("gold")'
    assert allowed(f"INCLUDE {DRAMA} {when}", user=user) == ({"drama", "both"} if applies else EVERYTHING)
    both = f"INCLUDE {DRAMA} {when} | INCLUDE ItemID WHERE Items.YEAR = 2020"
    assert allowed(both, user=user) == ({"drama", "both", "unknown"} if applies else {"unknown"})


CHEAPER = "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE"


@pytest.mark.parametrize(
    ("current", "found"), [("both", {"drama", "comedy"}), ("drama", set()), ("unknown", set()), ("elsewhere", set())]
)
def test_the_current_items_own_values_are_compared_with(current: str, found: set[str]) -> None:
    assert allowed(CHEAPER, current_item=current) == found


def test_a_value_that_the_current_item_lacks_fails_the_conditions_that_stand_beside_it_too() -> None:
    with_year = "INCLUDE ItemID WHERE Items.YEAR > 0 AND Items.PRICE < CurrentItem.PRICE"
    assert allowed(with_year, current_item="unknown") == set()
    assert allowed(f"{with_year} OR Items.YEAR = 2020", current_item="unknown") == {"unknown"}


def test_without_a_current_item_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(InvalidInput, match="is for related items only"):
        allowed(CHEAPER)


def test_data_of_another_type_than_the_schema_says_meets_no_comparison() -> None:
    shelf = Shelf({"a": {"PRICE": "3", "GENRE": 3}, "b": {"PRICE": True, "GENRE": None}, "c": {"PRICE": 9}})
    for condition in ("Items.PRICE < 5", 'Items.GENRE IN ("3")', "Items.PRICE < CurrentItem.PRICE"):
        assert parse(f"INCLUDE ItemID WHERE {condition}").bind({}).select(shelf, [], None, "a").included == frozenset()


def test_the_catalogue_is_read_again_only_when_it_changed() -> None:
    shelf = Shelf(SHELF)
    expression = parse("INCLUDE ItemID WHERE Items.GENRE IN ($G) IF CurrentUser.AGE > 3")
    for _ in range(3):
        assert expression.bind({"G": '"drama"'}).select(shelf, DID, {"AGE": 4}).included == {"drama", "both"}
    assert shelf.reads == 1
    shelf.put("new", {"GENRE": "drama"})
    assert expression.bind({"G": '"drama"'}).select(shelf, DID, {"AGE": 4}).included == {"drama", "both", "new"}
    assert shelf.reads == 2


def test_another_catalogue_of_the_same_version_is_another_catalogue() -> None:
    bound = parse(f"INCLUDE {DRAMA}").bind({})
    assert bound.select(Shelf(SHELF), [], None).included == {"drama", "both"}
    assert bound.select(Shelf({}), [], None).included == frozenset()


def test_what_the_current_item_says_is_remembered_apart() -> None:
    shelf, bound = Shelf(SHELF), parse("EXCLUDE ItemID WHERE Items.YEAR = CurrentItem.YEAR").bind({})
    for current in ("drama", "both", "drama", "both"):
        assert bound.select(shelf, [], None, current).excluded == {current}
    assert shelf.reads == 2


def test_what_all_users_lack_stays_one_set_beside_what_each_has_taken() -> None:
    cheap, old = "EXCLUDE ItemID WHERE Items.PRICE < 20", "EXCLUDE ItemID WHERE Items.YEAR < 2005"
    bound, shelf = parse(f"{cheap} | {old} | EXCLUDE {VIEWED}").bind({}), Shelf(SHELF)
    one, other = (bound.select(shelf, did(("view", item)), None) for item in ("comedy", "both"))
    assert one.excluded is other.excluded, "a model looks its items up once"
    assert (one.taken, other.taken) == ({"comedy"}, {"both"})
    assert not one.allows("comedy")
    assert {item for item in SHELF if one.allows(item)} == allowed(f"{cheap} | {old}") - {"comedy"}
