"""How the values of a request take the place of parameters."""

import pytest

from personalize_local.errors import InvalidInput
from personalize_local.filters.language import parse
from tests.personalize_local.filters.catalogue import COLUMNS, allowed, did

GENRES = "INCLUDE ItemID WHERE Items.GENRE IN ($GENRES)"


@pytest.mark.parametrize("quoted", ['"drama"', '"drama","none"', ' "none" , "drama" '])
def test_strings_come_in_quotes_of_their_own_with_commas_between(quoted: str) -> None:
    assert allowed(GENRES, {"GENRES": quoted}) == {"drama", "both"}


def test_a_comma_or_a_number_within_quotes_is_part_of_a_string() -> None:
    assert allowed(GENRES, {"GENRES": '"drama,comedy"'}) == set()
    assert allowed("INCLUDE ItemID WHERE Items.YEAR = $Y", {"Y": '"1990"'}) == set()


@pytest.mark.parametrize(("value", "found"), [("10", {"drama"}), (" 10.0 ", {"drama"}), ("-10", set())])
def test_a_number_comes_without_quotes(value: str, found: set[str]) -> None:
    assert allowed("INCLUDE ItemID WHERE Items.PRICE = $P", {"P": value}) == found


@pytest.mark.parametrize(
    "value",
    ["", "drama", '"drama', 'drama"', '"a" "b"', '"a",', ',"a"', "'a'", '"a",b', "1,2", "1e3", "٣", "nan", '"a"\n,x'],
)
def test_anything_else_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(InvalidInput, match=r"^filterValues: the value of GENRES must be one number or") as refusal:
        parse("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRES)").bind({"GENRES": value})
    assert not value or value not in str(refusal.value)


REFUSED = [
    (GENRES, {}, "INCLUDE needs values for GENRES"),
    (GENRES + " | INCLUDE ItemID WHERE Items.YEAR = $Y AND Items.PRICE = $P", {"Y": "1"}, "needs values for GENRES"),
    (GENRES, {"GENRES": '"a"', "genres": '"a"'}, "the filter has no parameter 'genres'"),
    (GENRES, {"GENRES": "3"}, "the value of GENRES does not fit Items.GENRE: IN takes strings in double quotes"),
    (GENRES, {"GENRES": '"*"'}, '"*" goes with Interactions.EVENT_TYPE only'),
    (GENRES, {"GENRES": f'"{"x" * 999}"'}, "must have at most 1000 characters"),
    (GENRES, {"GENRES": ["a"]}, "the value of GENRES must be a string"),
    ("EXCLUDE ItemID WHERE Items.GENRE = $G", {"G": '"a","b"'}, "Items.GENRE: = takes one value"),
    ("EXCLUDE ItemID WHERE Items.PRICE < $P", {"P": '"3"'}, "Items.PRICE: < takes a number, without quotes"),
]


@pytest.mark.parametrize(("text", "values", "reason"), REFUSED)
def test_values_that_do_not_fit_are_refused(text: str, values: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidInput, match=r"^filterValues: ") as refusal:
        parse(text).bind(values)
    assert reason in str(refusal.value)


def test_given_the_columns_values_of_another_type_than_their_field_are_refused() -> None:
    expression = parse("EXCLUDE ItemID WHERE Items.YEAR = $Y")
    expression.bind({"Y": "1990"}, COLUMNS)
    with pytest.raises(InvalidInput, match=r"^filterValues: Items.YEAR: expected a number, without quotes"):
        expression.bind({"Y": '"1990"'}, COLUMNS)


def test_an_exclude_without_its_values_is_not_applied_but_the_others_are() -> None:
    text = (
        'EXCLUDE ItemID WHERE Items.GENRE IN ($G) OR Items.YEAR = 1990 | EXCLUDE ItemID WHERE Items.GENRE IN ("comedy")'
    )
    assert allowed(text) == {"drama", "unknown"}
    assert allowed(text, {"G": '"drama"'}) == {"unknown"}


def test_a_parameter_of_if_takes_its_value_and_is_needed_as_any_other() -> None:
    text = "ItemID WHERE Items.YEAR = 1990 IF CurrentUser.AGE = $AGE"
    assert allowed(f"INCLUDE {text}", {"AGE": "3"}, user={"AGE": 3}) == {"drama"}
    assert allowed(f"EXCLUDE {text}", user={"AGE": 3}) == {"drama", "comedy", "both", "unknown"}
    with pytest.raises(InvalidInput, match="INCLUDE needs values for AGE"):
        parse(f"INCLUDE {text}").bind({})


def test_an_event_type_that_comes_with_the_request_may_be_the_asterisk() -> None:
    text = "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($T)"
    assert allowed(text, {"T": '"*"'}, did(("View", "drama"))) == {"comedy", "both", "unknown"}


def test_the_same_values_give_the_same_bound_expression_in_whatever_order() -> None:
    expression = parse("EXCLUDE ItemID WHERE Items.YEAR > $A AND Items.YEAR < $B")
    assert expression.bind({"A": "1", "B": "2"}) is expression.bind({"B": "2", "A": "1"})
    assert expression.bind({"A": "1", "B": "2"}) is not expression.bind({"A": "2", "B": "1"})
