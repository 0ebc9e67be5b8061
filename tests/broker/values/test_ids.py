"""Ids: what stands for nothing, what is damaged, and what a JSON value is."""

import pytest
from broker.values import ids
from hypothesis import given
from hypothesis import strategies as st

WORDS = ("", " ", "\t", "undefined", "null", "NULL", "NaN", "nan", "None", "[object Object]", "<NA>", "#N/A", "\\N")


@pytest.mark.parametrize("text", WORDS)
def test_a_word_for_a_missing_value_is_no_id(text: str) -> None:
    assert ids.is_no_id(text)
    assert ids.from_json(text) is None


@pytest.mark.parametrize("text", ["0", "nothing", "sku-1", "nullable", "None-1", "-1", "N"])
def test_other_words_are_ids(text: str) -> None:
    assert not ids.is_no_id(text)
    assert ids.from_json(text) == text


@pytest.mark.parametrize("text", ["5.04E+18", "-5.04E+18", "5,04E+18", "5e+18", "+1.0e+16", " 5.04E+18 "])
def test_scientific_notation_is_a_rounded_id(text: str) -> None:
    assert ids.is_rounded(text)


@pytest.mark.parametrize("text", ["5040000000000000000", "1E5", "12E+18X", "E+18", "5.04", "a5.04E+18"])
def test_other_texts_are_not_rounded(text: str) -> None:
    assert not ids.is_rounded(text)


def test_a_fraction_of_zero_is_a_whole_number() -> None:
    assert [ids.whole_number(text) for text in ("17850.0", "-5.00", "17850", "1.5", ".0")] == ["17850", "-5"] + [
        None
    ] * 3


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_a_json_number_is_the_same_id_with_and_without_a_fraction(number: int) -> None:
    assert ids.from_json(float(number)) == ids.from_json(number) == str(number)


@given(st.floats(2**53, 1e30))
def test_a_larger_json_fraction_is_a_rounded_id(number: float) -> None:
    for value in (number, -number):
        assert ids.is_rounded(ids.from_json(value) or "")


@pytest.mark.parametrize("value", [True, None, [], {}, float("nan"), float("inf"), float("-inf")])
def test_other_json_values_are_no_ids(value: object) -> None:
    assert ids.from_json(value) is None
