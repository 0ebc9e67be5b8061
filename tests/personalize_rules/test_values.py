"""What people write for a filter's parameter becomes the text that Personalize reads, by the column's type."""

import pytest

from personalize_rules.filters.values import NUMBER, STRINGS, Parameter

PRICE = Parameter("Items.PRICE", is_number=True, takes_several=False)
BRAND = Parameter("Items.BRAND", is_number=False, takes_several=False)
GENRES = Parameter("Items.GENRE", is_number=False, takes_several=True)


@pytest.mark.parametrize(
    ("parameter", "values", "text"),
    [
        (PRICE, ["3.5"], "3.5"),
        (PRICE, [" -3 "], "-3"),
        (PRICE, ['"3.5"'], "3.5"),
        (PRICE, ["17850000000000000001"], "17850000000000000001"),
        (BRAND, ["3.5"], '"3.5"'),
        (BRAND, ["Salt, Pepper"], '"Salt, Pepper"'),
        (BRAND, [r"a\b"], r'"a\b"'),
        (BRAND, ["ü"], '"ü"'),
        (BRAND, [""], '""'),
        (GENRES, ["Drama"], '"Drama"'),
        (GENRES, ["Drama", "Comedy"], '"Drama","Comedy"'),
        (GENRES, ["Drama, Comedy"], '"Drama","Comedy"'),
        (GENRES, ['"Salt, Pepper","Tea"'], '"Salt, Pepper","Tea"'),
        (GENRES, ['"Salt, Pepper"', "Tea"], '"Salt, Pepper","Tea"'),
    ],
)
def test_values_are_written_by_the_type_of_their_column(parameter: Parameter, values: list[str], text: str) -> None:
    assert parameter.text(values) == text
    assert (NUMBER if parameter.is_number else STRINGS).fullmatch(text)


@pytest.mark.parametrize(
    ("parameter", "values", "reason"),
    [
        (PRICE, ["cheap"], "Items.PRICE is a number, and 'cheap' is none"),
        (PRICE, ["3,5"], "Items.PRICE is a number, and '3,5' is none"),
        (PRICE, ["1e3"], "Items.PRICE is a number, and '1e3' is none"),
        (PRICE, [""], "Items.PRICE is a number, and '' is none"),
        (PRICE, ["1", "2"], "Items.PRICE is compared with one value, not 2"),
        (BRAND, ['"a","b"'], "Items.BRAND is compared with one value, not 2"),
        (BRAND, ['7" plate'], "has a double quote"),
        (BRAND, ['"7'], "must be written as"),
        (GENRES, ["Drama,"], "'Drama,' has a comma without a value beside it"),
        (GENRES, ["x" * 999], "has 1001 characters, and Personalize takes at most 1000"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_reason(
    parameter: Parameter, values: list[str], reason: str
) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the reason is compared below
        parameter.text(values)
    assert reason in str(error.value)
