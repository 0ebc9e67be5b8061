"""The rules for a Personalize schema: Avro JSON of a few flat types, with the fields that each dataset type requires.

Source: Amazon Personalize Developer Guide, "Creating schema JSON files" and "Item interactions / Users / Items".
"""

import functools
import json
import re
from typing import Any

from personalize_local.errors import InvalidInput

TYPES = frozenset({"float", "double", "int", "long", "string", "boolean", "null"})
REQUIRED = {
    "Interactions": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "Users": {"USER_ID": "string"},
    "Items": {"ITEM_ID": "string"},
}
RESERVED = {  # Interactions only
    "EVENT_TYPE": "string",
    "EVENT_VALUE": "float",
    "IMPRESSION": "string",
    "RECOMMENDATION_ID": "string",
    "EVENT_ATTRIBUTION_SOURCE": "string",
}
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,149}")


@functools.cache
def columns(schema: str) -> dict[str, frozenset[str]]:
    """Return the types of each column of a valid schema. Raises InvalidInput that says what is wrong."""
    record = _parse(schema)
    found: dict[str, frozenset[str]] = {}
    for field in record["fields"]:
        name, types = _column(field)
        if name in found:
            raise InvalidInput(f"Input is not a valid Avro schema: field {name} stands twice")
        found[name] = types
    _check_required(record["name"], found)
    return found


def dataset_type(schema: str) -> str:
    """Return the dataset type that a valid schema is for: ``Interactions``, ``Users`` or ``Items``."""
    name: str = json.loads(schema)["name"]
    return name


def _parse(schema: str) -> dict[str, Any]:
    try:
        record = json.loads(schema)
    except ValueError as error:
        raise InvalidInput(f"Input is not a valid Avro schema: {error}") from error
    if not isinstance(record, dict) or record.get("type") != "record" or not isinstance(record.get("fields"), list):
        raise InvalidInput('Input is not a valid Avro schema: it must be {"type": "record", …, "fields": […]}')
    if record.get("name") not in REQUIRED:
        raise InvalidInput(f"The schema's name must be one of {', '.join(REQUIRED)}")
    if record.get("namespace") != "com.amazonaws.personalize.schema":
        raise InvalidInput("The schema's namespace must be com.amazonaws.personalize.schema")
    return record


def _column(field: Any) -> tuple[str, frozenset[str]]:
    if not isinstance(field, dict) or not FIELD_NAME.fullmatch(str(field.get("name", ""))):
        raise InvalidInput("Input is not a valid Avro schema: every field needs a name of letters, digits and _")
    types = field.get("type")
    names = types if isinstance(types, list) else [types]
    if not names or any(not isinstance(name, str) or name not in TYPES for name in names):
        raise InvalidInput(f"Field {field['name']} has a type other than {', '.join(sorted(TYPES))}")
    return field["name"], frozenset(names)


def _check_required(name: str, found: dict[str, frozenset[str]]) -> None:
    for column, wanted in REQUIRED[name].items():
        if found.get(column) != {wanted}:
            raise InvalidInput(f"A schema for {name} requires the field {column} of type {wanted}")
    if name != "Interactions" and len(found) < 2:
        raise InvalidInput(f"A schema for {name} requires at least one metadata field")
    for column, wanted in RESERVED.items() if name == "Interactions" else ():
        if column in found and found[column] - {"null"} != {wanted}:
            raise InvalidInput(f"The reserved field {column} must be of type {wanted}, or null and {wanted}")
