"""A schema passes or fails as the Developer Guide says."""

import json
from typing import Any

import pytest

from personalize_local.control import avro
from personalize_local.errors import InvalidInput

KEYS = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "Users": [{"name": "USER_ID", "type": "string"}],
    "Items": [{"name": "ITEM_ID", "type": "string"}],
}


def avro_schema(kind: str, /, *extra: Any, **changes: Any) -> str:
    """Return a schema with the required fields, and more."""
    record = {"type": "record", "name": kind, "namespace": avro.NAMESPACE, "fields": [*KEYS[kind], *extra]}
    return json.dumps({**record, "version": "1.0", **changes})


def field(name: str, *types: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "type": list(types) if len(types) > 1 else types[0], **attributes}


def numbers(count: int) -> list[dict[str, Any]]:
    return [field(f"N{number}", "int") for number in range(count)]


@pytest.mark.parametrize(
    "schema",
    [
        avro_schema("Interactions"),
        avro_schema("Interactions", field("EVENT_TYPE", "string"), field("EVENT_VALUE", "float", "null")),
        avro_schema("Interactions", field("EVENT_VALUE", "float"), field("IMPRESSION", "null", "string")),
        avro_schema("Interactions", field("RECOMMENDATION_ID", "string", "null"), field("SESSION", "null", "string")),
        avro_schema("Interactions", field("EVENT_ATTRIBUTION_SOURCE", "string"), *numbers(5)),
        avro_schema("Interactions", field("DEVICE", "string", categorical=True)),
        avro_schema("Users", field("AGE", "int")),
        avro_schema("Users", field("AGE", "int"), name="users"),
        avro_schema("Users", field("PLAN", "null", "string", categorical=True), *numbers(24)),
        avro_schema("Users", field("BIO", "string"), field("VIP", "boolean")),
        avro_schema("Items", field("PRICE", "double"), field("CREATION_TIMESTAMP", "long")),
        avro_schema("Items", field("TEXT", "string", "null", textual=True), field("G", "string", categorical=True)),
        avro_schema("Items", field("TEXT", "string", textual=False), *numbers(99)),
        avro_schema("Items", field("TITLE", "string", itemName=True), field("TEXT", "string", textual=True)),
        json.dumps(
            {key: value for key, value in json.loads(avro_schema("Users", *numbers(1))).items() if key != "version"}
        ),
    ],
)
def test_a_schema_that_the_guide_allows_is_taken(schema: str) -> None:
    avro.check(schema)
    assert list(avro.columns(schema)) == [field["name"] for field in json.loads(schema)["fields"]]
    assert avro.dataset_type(schema) in KEYS


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (avro_schema("Users", *numbers(1))[:-1], "not a valid Avro schema"),
        ("[" * 19_000, "not a valid Avro schema"),
        (avro_schema("Users", *numbers(1)) + " " * 20_000, "at most 20000 characters"),
        (avro_schema("Users", *numbers(1), name=["Users"]), "name must be one of Interactions, Users, Items"),
        (avro_schema("Users", *numbers(1), namespace="com.example"), "namespace"),
        (avro_schema("Users", *numbers(1), version="2.0"), "version"),
        (avro_schema("Users", *numbers(1), type="array"), "record"),
        (avro_schema("Users", *numbers(1), fields={"USER_ID": "string"}), "record"),
        (avro_schema("Users", "AGE"), "every field needs a name"),
        (avro_schema("Users", field("A-GE", "int")), "every field needs a name"),
        (avro_schema("Users", field("A" * 151, "int")), "every field needs a name"),
        (avro_schema("Users", {"name": "AGE"}), "AGE has a type other than"),
        (avro_schema("Users", {"name": "AGE", "type": []}), "AGE must have one type"),
        (avro_schema("Users", field("AGE", "array")), "AGE has a type other than"),
        (avro_schema("Users", {"name": "AGE", "type": {"type": "int"}}), "AGE has a type other than"),
        (avro_schema("Users", {"name": "AGE", "type": ["null", ["int"]]}), "AGE has a type other than"),
        (avro_schema("Users", field("AGE", "null")), "AGE must have one type"),
        (avro_schema("Users", field("AGE", "int", "long")), "AGE must have one type"),
        (avro_schema("Users", field("AGE", "int", "int")), "AGE must have one type"),
        (avro_schema("Users", *numbers(1), *numbers(1)), "N0 and N0 are named alike"),
        (
            avro_schema("Users", field("GENRE_L2", "int"), field("GENREL2", "int")),
            "GENRE_L2 and GENREL2 are named alike",
        ),
        (avro_schema("Interactions", fields=KEYS["Interactions"][1:]), "requires the field USER_ID of type string"),
        (avro_schema("Interactions", fields=KEYS["Interactions"][:2]), "requires the field TIMESTAMP of type long"),
        (avro_schema("Items", *numbers(1), fields=[field("ITEM_ID", "string", "null")]), "requires the field ITEM_ID"),
        (avro_schema("Interactions", field("EVENT_TYPE", "string", "null")), "EVENT_TYPE must be of type string"),
        (
            avro_schema("Interactions", field("EVENT_TYPE", "string", categorical=True)),
            "EVENT_TYPE is required or reserved",
        ),
        (
            avro_schema("Interactions", field("EVENT_VALUE", "double")),
            "EVENT_VALUE must be of type float, or null and float",
        ),
        (
            avro_schema("Interactions", field("IMPRESSION", "int")),
            "IMPRESSION must be of type string, or null and string",
        ),
        (
            avro_schema("Items", *numbers(1), field("CREATION_TIMESTAMP", "int")),
            "CREATION_TIMESTAMP must be of type long",
        ),
        (avro_schema("Items", field("CREATION_TIMESTAMP", "long")), "requires a metadata field"),
        (avro_schema("Users"), "requires a metadata field"),
        (avro_schema("Users", field("BIO", "string", "null")), "requires a metadata field"),
        (avro_schema("Users", field("AGE", "int", categorical=True)), "AGE is no string"),
        (avro_schema("Users", field("PLAN", "string", categorical="true")), "PLAN: categorical must be true or false"),
        (avro_schema("Users", field("BIO", "string", textual=True)), "BIO is textual, which only Items may have"),
        (avro_schema("Items", field("T", "string", textual=True, categorical=True)), "T cannot be both"),
        (avro_schema("Items", *(field(f"T{n}", "string", textual=True) for n in (1, 2))), "at most one textual field"),
        (avro_schema("Users", *numbers(1), field("N", "string", itemName=True)), "itemName is for one string field"),
        (avro_schema("Items", *numbers(1), field("N", "int", itemName=True)), "itemName is for one string field"),
        (avro_schema("Items", *numbers(1), *(field(n, "string", itemName=True) for n in "NM")), "itemName is for one"),
        (avro_schema("Interactions", *numbers(6)), "at most 5 metadata fields, not 6"),
        (avro_schema("Users", *numbers(26)), "at most 25 metadata fields, not 26"),
        (avro_schema("Items", *numbers(101)), "at most 100 metadata fields, not 101"),
    ],
)
def test_any_other_is_refused_with_the_rule_it_breaks(schema: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        avro.check(schema)


def test_the_context_of_an_interaction_is_its_categorical_metadata() -> None:
    device, note = field("DEVICE_TYPE", "null", "string", categorical=True), field("NOTE", "null", "string")
    schema = avro_schema("Interactions", field("EVENT_TYPE", "string"), device, note, *numbers(1))
    assert avro.context_columns(schema) == {"deviceType": "DEVICE_TYPE"}
    assert avro.context_columns(avro_schema("Users", device)) == {}
