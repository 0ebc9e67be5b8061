"""Amounts: their decimal mark, and which purchases are returns."""

import pytest
from broker.values.amounts import from_json, is_return, with_point


@pytest.mark.parametrize(
    ("text", "number"),
    [("2,50", "2.50"), ("1.234,50", "1234.50"), ("1 234,5", "1234.5"), ("-1.234.567", "-1234567"), ("7", "7")],
)
def test_a_number_with_a_decimal_comma(text: str, number: str) -> None:
    assert with_point(text, ",") == number


@pytest.mark.parametrize("text", ["2.5", "1,234.50", "1,2,3", "12.34,5", "x", "1.23"])
def test_a_number_of_another_form_is_not_guessed(text: str) -> None:
    assert with_point(text, ",") is None


def test_with_a_decimal_point_nothing_changes() -> None:
    assert with_point("2.50", ".") == "2.50"


@pytest.mark.parametrize(
    ("value", "number"),
    [("12.5", 12.5), (3, 3.0), ("12,50", None), (True, None), ("nan", None), (1e39, None), (10**400, None), ([], None)],
)
def test_a_json_amount(value: object, number: float | None) -> None:
    assert from_json(value) == number


@pytest.mark.parametrize(
    ("quantity", "amount", "answer"),
    [(-1, 5, True), (1, -5, True), (None, -0.01, True), (0, 0, False), (None, None, False), (2, 5.0, False)],
)
def test_a_negative_quantity_or_amount_is_a_return(quantity: float, amount: float, answer: bool) -> None:
    assert is_return(quantity, amount) is answer
