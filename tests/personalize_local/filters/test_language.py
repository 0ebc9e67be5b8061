"""Which texts are filter expressions, and how the others are refused."""

import pytest

from personalize_local.errors import InvalidInput
from personalize_local.filters.language import parse
from tests.personalize_local.filters.catalogue import COLUMNS

# The forms that Amazon Personalize's pages of examples show.
DOCUMENTED = [
    "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)",
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream")',
    'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    'EXCLUDE itemId WHERE INTERACTIONS.event_type in ("EVENT_TYPE")',
    "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE",
    'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("shoe") AND Items.CATEGORY_L2 NOT IN ("boot")',
    "INCLUDE ItemID WHERE Items.PRICE <= $PRICE",
    "INCLUDE ItemID WHERE Items.PRICE > ($PRICE)",
    "EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE",
    "EXCLUDE ItemID WHERE Items.DOWNLOADS < 20 IF CurrentUser.AGE > 18 AND CurrentUser.AGE < 30",
    'INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY) | INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("favorite")',
    'INCLUDE ItemID WHERE Items.YEAR != -1 OR Items.RATING >= 4.5\n  IF CurrentUser.PLAN = "gold"',
    "INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ($EVENT_TYPE)",
    'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")',
    "EXCLUDE ActionID WHERE Actions.CATEGORY IN ($CATEGORY)",
    "INCLUDE ActionID WHERE Actions.VALUE > ($VALUE)",
    'INCLUDE ActionID WHERE Action.MEMBERSHIP_LEVEL IN ("Premium") IF CurrentUser.MEMBERSHIP = $PREMIUM',
    "EXCLUDE ActionID WHERE Actions.VALUE < ($VALUE) IF CurrentUser.MEMBERSHIP = $PREMIUM",
    "INCLUDE UserID WHERE Users.MEMBERSHIP_STATUS IN ($MEMBERSHIP)",
    "EXCLUDE UserID WHERE Users.AGE < $AGE",
    'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click", "rating")',
    "EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)",
]


@pytest.mark.parametrize("text", DOCUMENTED)
def test_the_documented_forms_are_expressions(text: str) -> None:
    assert parse(text).text == text


REFUSED = [
    ("", "it must have 1 to 2500 characters, this one has 0"),
    ("x" * 2501, "this one has 2501"),
    ("INCLUDE ItemID", "column 15: expected WHERE, found the end"),
    ("INCLUDE ItemID WHERE Items.A = 1 |", "expected INCLUDE or EXCLUDE, found the end"),
    (
        'INCLUDE ItemID WHERE Items.A LIKE "x"',
        "column 30: expected IN or NOT IN or one of = != < <= > >=, found",
    ),
    ("INCLUDE ItemID WHERE Items.A = 1\n AND Items.B ~ 3", "line 2, column 14: expected"),
    ("INCLUDE ItemID WHERE Items.A IN ('x')", "strings stand in double quotes"),
    ('INCLUDE ItemID WHERE (Items.A IN ("x"))', "conditions cannot be grouped"),
    ("INCLUDE ItemID WHERE Items.A IN (1)", "expected a parameter such as $GENRE or a string in double quotes"),
    ('INCLUDE ItemID WHERE Items.A IN ("a", $b)', "column 39: expected a string in double quotes"),
    ("INCLUDE ItemID WHERE Items.A = true", "found 'true'"),
    ('INCLUDE ItemID WHERE Items.A < "3"', "Items.A: < takes a number, without quotes"),
    ('INCLUDE ItemID WHERE Items.A IN ("*")', '"*" goes with Interactions.EVENT_TYPE only'),
    ("INCLUDE ItemID WHERE Items.A NOT IN ($x)", "$x: a parameter does not go with NOT IN"),
    ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE = "a"', "Interactions.EVENT_TYPE goes with IN and NOT IN only"),
    ("INCLUDE ItemID WHERE Interactions.EVENT_VALUE > 3", "interactions can be filtered by EVENT_TYPE only"),
    ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN CurrentItem.A", "only a field of Items can be compared"),
    ("INCLUDE ItemID WHERE Items.A = Items.B", "only with one of CurrentItem"),
    ("INCLUDE ItemID WHERE Items.A = CurrentUser.B", "CurrentUser.B: CurrentUser stands after IF"),
    ("INCLUDE ItemID WHERE CurrentUser.A = 1", "a condition on ItemID before IF is about Items or Interactions"),
    ("INCLUDE ItemID WHERE Items.A = 1 IF Items.B = 1", "Items.B: a condition after IF is about CurrentUser"),
    ("INCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.B = 1 OR CurrentUser.C = 1", "found 'OR'"),
    ("INCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.B = 1 IF CurrentUser.C = 1", "found 'IF'"),
    ('INCLUDE ItemID WHERE Items.A = 1 OR Interactions.EVENT_TYPE IN ("a")', "join two expressions with |"),
    ("INCLUDE ItemID WHERE Film.A = 3", "Film.A: the dataset must be Items, Interactions"),
    ("INCLUDE ShopID WHERE Items.A = 3", "expected ItemID, ActionID or UserID, found"),
    ("INCLUDE ItemID WHERE Users.A = 1", "a condition on ItemID before IF is about Items or Interactions"),
    ("INCLUDE UserID WHERE Items.A = 1", "a condition on UserID before IF is about Users or Interactions"),
    ('EXCLUDE UserID WHERE Action_Interactions.EVENT_TYPE IN ("a")', "is about Users or Interactions"),
    ('EXCLUDE ActionID WHERE Interactions.EVENT_TYPE IN ("a")', "is about Actions or Action_Interactions"),
    ("EXCLUDE ActionID WHERE Action_Interactions.TIMESTAMP > 3", "interactions can be filtered by EVENT_TYPE only"),
    ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("*")', '"*" goes with Interactions.EVENT_TYPE only'),
    ("EXCLUDE ActionID WHERE Actions.A = CurrentItem.A", "only a field of Items can be compared"),
    ("INCLUDE UserID WHERE Users.A = 1 IF CurrentUser.B = 1", "a filter for users has no IF"),
    (
        "INCLUDE ItemID WHERE Items.A = 1 | EXCLUDE UserID WHERE Users.A = 1",
        "UserID: a filter that begins with ItemID has only these",
    ),
    (
        "INCLUDE ItemID WHERE Items.A=1 AND Items.B=1 AND Items.C=1 | EXCLUDE ItemID WHERE Items.A=1 AND Items.D=1 "
        'AND Items.E=1 | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a")',
        "at most 5 different fields, this one uses 6",
    ),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_anything_else_is_refused_in_one_line_that_says_where_and_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(text)
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 250


def test_a_field_that_is_used_twice_counts_once_and_the_current_items_as_the_items() -> None:
    expression = parse("EXCLUDE ItemID WHERE Items.A < CurrentItem.A AND Items.A > 3 IF CurrentUser.A = $X")
    assert expression.fields == {"Items.A", "CurrentUser.A"}
    assert expression.placeholders == {"X"}


FITTING = [
    'INCLUDE ItemID WHERE Items.GENRE IN ("a") AND Items.PRICE < 3 AND Items.YEAR = 1990 AND Items.GENRE = $G',
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a") IF CurrentUser.AGE > 18 AND CurrentUser.PLAN IN ("gold")',
    "INCLUDE ItemID WHERE Items.YEAR < CurrentItem.PRICE AND Items.ITEM_ID NOT IN CurrentItem.ITEM_ID",
    'INCLUDE ActionID WHERE Actions.VALUE > 3 AND Actions.ACTION_ID NOT IN ("a") IF CurrentUser.AGE > 18',
    'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Taken")',
    'INCLUDE UserID WHERE Users.AGE > 18 | EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("a")',
]


@pytest.mark.parametrize("text", FITTING)
def test_conditions_that_fit_the_columns_types_pass_the_check(text: str) -> None:
    parse(text).check(COLUMNS)


UNFITTING = [
    ("Items.LENGTH = 3", "Items.LENGTH: no such field in the schema"),
    ("Items.genre = $X", "Items.genre: no such field in the schema; did you mean GENRE?"),
    ("Items.GENRE < 3", "< is for numbers, this field is a string"),
    ("Items.GENRE >= $X", ">= is for numbers, this field is a string"),
    ("Items.GENRE = 3", "expected a string in double quotes"),
    ('Items.YEAR = "1990"', "expected a number, without quotes"),
    ('Items.YEAR IN ("1990")', "IN is for strings, this field is a number"),
    ("Items.YEAR IN ($X)", "IN is for strings, this field is a number"),
    ("Items.FRESH = 1", "booleans cannot be filtered by"),
    ('Items.STORY IN ("a")', "textual fields cannot be filtered by"),
    ("Items.GENRE = CurrentItem.YEAR", "Items.GENRE and CurrentItem.YEAR are of different types"),
    ("Items.YEAR = CurrentItem.LENGTH", "CurrentItem.LENGTH: no such field in the schema"),
    ("Items.YEAR = 1 IF CurrentUser.HEIGHT > 1", "CurrentUser.HEIGHT: no such field in the schema"),
]


UNFITTING = [(f"INCLUDE ItemID WHERE {condition}", reason) for condition, reason in UNFITTING] + [
    ("INCLUDE ActionID WHERE Actions.PRICE > 1", "Actions.PRICE: no such field in the schema"),
    ('INCLUDE ActionID WHERE Actions.VALUE IN ("3")', "IN is for strings, this field is a number"),
    ('INCLUDE UserID WHERE Users.AGE = "old"', "Users.AGE: expected a number, without quotes"),
]


@pytest.mark.parametrize(("text", "reason"), UNFITTING)
def test_conditions_that_do_not_fit_are_refused_by_the_check(text: str, reason: str) -> None:
    expression = parse(text)
    with pytest.raises(InvalidInput, match=r"^Input is not a valid filter expression: ") as refusal:
        expression.check(COLUMNS)
    assert reason in str(refusal.value)


def test_a_dataset_that_the_group_does_not_have_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"CurrentUser.AGE: the dataset group has no USERS dataset"):
        parse("EXCLUDE ItemID WHERE Items.YEAR = 1 IF CurrentUser.AGE > 1").check({"ITEMS": COLUMNS["ITEMS"]})
    with pytest.raises(InvalidInput, match=r"Actions.VALUE: the dataset group has no ACTIONS dataset"):
        parse("EXCLUDE ActionID WHERE Actions.VALUE = 1").check({"ITEMS": COLUMNS["ITEMS"]})
