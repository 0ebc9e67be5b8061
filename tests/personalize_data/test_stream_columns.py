"""Which mappings fit a schema, and what each wrong one is told."""

import json
from typing import Any

import pytest
from broker.metadata.columns import Column

from personalize_data.schema import NAMESPACE
from personalize_data.stream_columns import stream_columns


def schema(dataset: str, **kinds: Any) -> str:
    id_column = {"name": "USER_ID" if dataset == "users" else "ITEM_ID", "type": "string"}
    fields = [id_column, *({"name": name, **as_field(kind)} for name, kind in kinds.items())]
    return json.dumps({"type": "record", "name": dataset.capitalize(), "namespace": NAMESPACE, "fields": fields})


def as_field(kind: Any) -> dict[str, Any]:
    return kind if isinstance(kind, dict) else {"type": kind}


ITEMS = schema(
    "items",
    NAME={"type": "string", "textual": True},
    PRICE=["null", "float"],
    CATEGORY={"type": ["null", "string"], "categorical": True},
    STOCK=["null", "int"],
    CREATION_TIMESTAMP="long",
)
USERS = schema("users", AGE=["null", "int"], TIER="string")


def test_a_mapping_becomes_columns_with_the_kinds_of_the_schema() -> None:
    mapping = {"NAME": "name", "PRICE": "price", "CATEGORY": "category", "STOCK": "in stock"}
    assert stream_columns(mapping, ITEMS, "items") == (
        Column("NAME", "name", "textual", is_required=True),
        Column("PRICE", "price", "float"),
        Column("CATEGORY", "category", "string"),
        Column("STOCK", "in stock", "int"),
        Column("CREATION_TIMESTAMP", "", "timestamp", is_required=True),
    )
    assert stream_columns({"TIER": "tier", "AGE": "$age"}, USERS, "users") == (
        Column("TIER", "tier", "string", is_required=True),
        Column("AGE", "$age", "int"),
    )


def test_the_creation_of_an_item_may_have_a_source() -> None:
    (_, created) = stream_columns({"NAME": "name", "CREATION_TIMESTAMP": "released"}, ITEMS, "items")
    assert created == Column("CREATION_TIMESTAMP", "released", "timestamp", is_required=True)


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"NAME": "name", "COLOUR": "colour"}, "names COLOUR, which the schema does not have"),
        ({"NAME": "name", "ITEM_ID": "sku"}, "names ITEM_ID, which is the id"),
        ({"NAME": "product_recs_name"}, "fills NAME from product_recs_name, which the broker writes itself"),
        ({"NAME": "ML_Variant"}, "fills NAME from ML_Variant, which the broker writes itself"),
        ({"NAME": "price"}, "fills NAME of type textual from price, which needs float or double"),
        ({"NAME": "name", "STOCK": "price"}, "fills STOCK of type int from price, which needs float or double"),
        ({"NAME": "name", "PRICE": "brand"}, "fills PRICE of type float from brand, which is a text"),
        ({"PRICE": "price"}, "has no source for NAME, which may not be empty in the schema"),
        ({"STOCK": "product_recs", "PRICE": "name"}, "; "),
    ],
)
def test_what_does_not_fit_is_said(mapping: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        stream_columns(mapping, ITEMS, "items")


def test_a_users_attribute_of_any_name_may_fill_any_type() -> None:
    price, tier = stream_columns({"AGE": "price", "TIER": "name"}, USERS, "users")
    assert (price.kind, tier.kind) == ("int", "string")


def test_a_type_that_personalize_does_not_have_is_said() -> None:
    with pytest.raises(ValueError, match=r"names TAGS, whose type .* Personalize does not have"):
        stream_columns({"TAGS": "tags"}, schema("users", TAGS={"type": "array", "items": "string"}), "users")


def test_a_users_schema_gets_no_creation_time() -> None:
    with pytest.raises(ValueError, match="has no source for CREATION_TIMESTAMP"):
        stream_columns({"TIER": "tier"}, schema("users", TIER="string", CREATION_TIMESTAMP="long"), "users")
