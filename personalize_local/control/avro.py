"""The rules for a Personalize schema: Avro JSON of a few flat types, with the fields that each dataset type requires.

Source: Amazon Personalize Developer Guide, "Creating schema JSON files" and "Custom datasets and schemas"; the numbers
of metadata fields from its quotas.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from personalize_local.errors import InvalidInput

TYPES = frozenset({"float", "double", "int", "long", "string", "boolean", "null"})
NAMESPACE = "com.amazonaws.personalize.schema"
VERSION = "1.0"
MAX_LENGTH = 20_000
REQUIRED = {
    "Interactions": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "Users": {"USER_ID": "string"},
    "Items": {"ITEM_ID": "string"},
}
RESERVED: Mapping[str, Mapping[str, str]] = {
    "Interactions": {
        "EVENT_TYPE": "string",
        "EVENT_VALUE": "float",
        "IMPRESSION": "string",
        "RECOMMENDATION_ID": "string",
        "EVENT_ATTRIBUTION_SOURCE": "string",
    },
    "Users": {},
    "Items": {"CREATION_TIMESTAMP": "long"},
}
NEVER_NULL = frozenset({"EVENT_TYPE", "CREATION_TIMESTAMP"})  # of the reserved fields
MOST_METADATA = {"Interactions": 5, "Users": 25, "Items": 100}
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,149}")


@dataclass(frozen=True)
class Field:
    """One column: its types (one, and perhaps ``null``), and whether a string in it is categorical or textual."""

    name: str
    types: frozenset[str]
    categorical: bool = False
    textual: bool = False

    @property
    def kind(self) -> str:
        """The type that is not ``null``."""
        return next(iter(self.types - {"null"}))


@functools.cache
def fields(schema: str) -> tuple[Field, ...]:
    """Return the columns of a valid schema, in its order. Raises InvalidInput with the reason."""
    record = _parse(schema)
    columns = tuple(_field(field) for field in record["fields"])
    _check_names(columns)
    name = record["name"]
    for field in columns:
        _check_reserved(name, field)
        _check_attributes(name, field)
    _check_required(name, {field.name: field for field in columns})
    _check_metadata(name, metadata(name, columns))
    return columns


def columns(schema: str) -> dict[str, frozenset[str]]:
    """Return the types of each column of a valid schema. Raises InvalidInput with the reason."""
    return {field.name: field.types for field in fields(schema)}


def dataset_type(schema: str) -> str:
    """Return the dataset type that a valid schema is for: ``Interactions``, ``Users`` or ``Items``."""
    name: str = json.loads(schema)["name"]
    return name


def metadata(name: str, fields: tuple[Field, ...]) -> list[Field]:
    """Return the fields of a dataset type that are neither required nor reserved."""
    return [field for field in fields if field.name not in REQUIRED[name] and field.name not in RESERVED[name]]


def _parse(schema: str) -> dict[str, Any]:
    if len(schema) > MAX_LENGTH:
        raise InvalidInput(f"A schema has at most {MAX_LENGTH} characters; this one has {len(schema)}")
    try:
        record = json.loads(schema)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"Input is not a valid Avro schema: {error}") from error
    if not isinstance(record, dict) or record.get("type") != "record" or not isinstance(record.get("fields"), list):
        raise InvalidInput('Input is not a valid Avro schema: it must be {"type": "record", …, "fields": […]}')
    if not isinstance(record.get("name"), str) or record["name"] not in REQUIRED:
        raise InvalidInput(f"The schema's name must be one of {', '.join(REQUIRED)}")
    if record.get("namespace") != NAMESPACE:
        raise InvalidInput(f"The schema's namespace must be {NAMESPACE}")
    if record.get("version", VERSION) != VERSION:
        raise InvalidInput(f'The schema\'s version must be "{VERSION}"')
    return record


def _field(field: Any) -> Field:
    if not isinstance(field, dict) or not FIELD_NAME.fullmatch(str(field.get("name", ""))):
        raise InvalidInput("Input is not a valid Avro schema: every field needs a name of letters, digits and _")
    name, types = str(field["name"]), field.get("type")
    names: list[Any] = types if isinstance(types, list) else [types]
    if any(not isinstance(type_name, str) or type_name not in TYPES for type_name in names):
        raise InvalidInput(f"Field {name} has a type other than {', '.join(sorted(TYPES))}")
    if len(set(names)) != len(names) or len(set(names) - {"null"}) != 1:
        raise InvalidInput(f"Field {name} must have one type, or one and null")
    flags = {key: field.get(key, False) for key in ("categorical", "textual")}
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise InvalidInput(f"Field {name}: {key} must be true or false")
    return Field(name, frozenset(names), **flags)


def _check_names(fields: tuple[Field, ...]) -> None:
    """Refuse names with the same letters and digits, such as GENRE_L2 and GENREL2 (Developer Guide), or a and A."""
    seen: dict[str, str] = {}
    for field in fields:
        plain = field.name.replace("_", "").casefold()
        if plain in seen:
            raise InvalidInput(
                f"Input is not a valid Avro schema: fields {seen[plain]} and {field.name} are named alike"
            )
        seen[plain] = field.name


def _check_required(name: str, fields: Mapping[str, Field]) -> None:
    for column, required_type in REQUIRED[name].items():
        if column not in fields or fields[column].types != {required_type}:
            raise InvalidInput(f"A schema for {name} requires the field {column} of type {required_type}")


def _check_reserved(name: str, field: Field) -> None:
    required_type = RESERVED[name].get(field.name)
    if required_type is None:
        return
    if field.name in NEVER_NULL and field.types != {required_type}:
        raise InvalidInput(f"The reserved field {field.name} must be of type {required_type}")
    if field.types - {"null"} != {required_type}:
        raise InvalidInput(
            f"The reserved field {field.name} must be of type {required_type}, or null and {required_type}"
        )


def _check_attributes(name: str, field: Field) -> None:
    if not field.categorical and not field.textual:
        return
    if field.kind != "string":
        raise InvalidInput(f"Field {field.name} is no string: it cannot be categorical or textual")
    if field.name in REQUIRED[name] or field.name in RESERVED[name]:
        raise InvalidInput(f"Field {field.name} is required or reserved: it cannot be categorical or textual")
    if field.textual and name != "Items":
        raise InvalidInput(f"Field {field.name} is textual, which only Items may have")
    if field.textual and field.categorical:
        raise InvalidInput(f"Field {field.name} cannot be both categorical and textual")


def _check_metadata(name: str, fields: list[Field]) -> None:
    learned = [field for field in fields if field.kind != "string" or field.categorical or field.textual]
    if name != "Interactions" and not learned:
        raise InvalidInput(f"A schema for {name} requires a metadata field: a number, boolean or categorical string")
    if len(fields) > MOST_METADATA[name]:
        raise InvalidInput(f"A schema for {name} has at most {MOST_METADATA[name]} metadata fields, not {len(fields)}")
    if sum(field.textual for field in fields) > 1:
        raise InvalidInput(f"A schema for {name} has at most one textual field")
