"""What becomes of each form in which mParticle sends a value."""

import json
from typing import Any

import pytest
from broker.metadata.columns import Column, as_json, columns_from_json, is_own, source_value, value_of


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("string", "  blue ", "blue"),
        ("string", 3.0, "3"),
        ("string", 7, "7"),
        ("string", True, "true"),
        ("string", ["kids", "sale", 7, "", None], "kids|sale|7"),
        ("string", "", None),
        ("string", None, None),
        ("string", {"a": 1}, None),
        ("string", [], None),
        ("string", "x" * 1_001, None),
        ("string", "\ud800", None),
        ("textual", "x" * 1_001, "x" * 1_001),
        ("textual", "x" * 20_001, None),
        ("int", "42", 42),
        ("int", 42.0, 42),
        ("int", 2**31, None),
        ("int", "4.5", None),
        ("int", True, None),
        ("long", 2**31, 2**31),
        ("long", "1e5", None),
        ("float", "12.50", 12.5),
        ("float", " 12.5 ", 12.5),
        ("float", 12, 12.0),
        ("float", "12,50", None),
        ("float", float("nan"), None),
        ("double", True, None),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("boolean", "maybe", None),
        ("timestamp", 1_789_380_000_123, 1_789_380_000),
        ("timestamp", "1789380000", 1_789_380_000),
        ("timestamp", 12, None),
    ],
)
def test_a_value_of_the_wire_becomes_one_of_its_column_or_none(kind: str, raw: Any, value: Any) -> None:
    found = value_of(kind, raw)
    assert (found, type(found)) == (value, type(value))


def test_a_name_is_found_in_other_letters_and_as_it_is_before_that() -> None:
    assert source_value({"$Age": 1, "$age": 2}, "$age") == 2
    assert source_value({"$Age": 1}, "$age") == 1
    assert source_value({"$Ages": 1, None: 3}, "$age") is None  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "source", ["product_recs", "Product_Recs_Name", " product_recs_id", "ml_variant", "ML_VARIANT"]
)
def test_what_the_broker_writes_is_its_own(source: str) -> None:
    assert is_own(source)
    assert not is_own(f"my_{source.strip()}")


def test_columns_are_told_to_functions_and_read_again() -> None:
    columns = (Column("AGE", "$Age", "int"), Column("NAME", "näme", "string", is_required=True))
    assert columns_from_json(as_json(columns)) == columns


@pytest.mark.parametrize("text", ["{", "7", '["a"]', json.dumps([["A", "b", "date", False]]), "[[1]]"])
def test_what_is_no_list_of_columns_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a JSON list of columns|has the kind date"):
        columns_from_json(text)
