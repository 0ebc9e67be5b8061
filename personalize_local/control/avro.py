"""The rules for a Personalize schema: Avro JSON of a few flat types, with the fields that each dataset type requires.

Source: Amazon Personalize Developer Guide, "Creating schema JSON files"; the numbers of metadata fields from its
quotas.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from personalize_local.control import schema_fields
from personalize_local.control.schema_fields import CATEGORICAL, TEXTUAL, Rule
from personalize_local.errors import InvalidInput

TYPES = frozenset({"float", "double", "int", "long", "string", "boolean", "null"})
NAMESPACE = "com.amazonaws.personalize.schema"
VERSION = "1.0"
MAX_LENGTH = 20_000
MOST_METADATA = {"Interactions": 5, "Users": 25, "Items": 100, "Actions": 10, "ActionInteractions": 5}
KEYS = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "CREATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP"})
INTERACTIONS = "Interactions"
DESCRIBED = ("Users", "Items", "Actions")  # whose records are nothing without a field to learn from
# Schemas of AWS's own examples say "interactions": case does not count, as in the datasetType of CreateDataset.
_NAMES = {name.casefold(): name for name in schema_fields.NAMES}
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,149}")


@dataclass(frozen=True)
class Field:
    """One column: its types (one, and perhaps ``null``), and whether a string in it is categorical or textual.

    ``item_name``: whether it is the name of an item, which aws-semantic-similarity reads.
    """

    name: str
    types: frozenset[str]
    categorical: bool = False
    textual: bool = False
    item_name: bool = False

    @property
    def kind(self) -> str:
        """The type that is not ``null``."""
        return next(iter(self.types - {"null"}))


@functools.cache
def fields(schema: str) -> tuple[Field, ...]:
    """Return the columns of a schema, in its order. Raises InvalidInput where it is no Avro of the service's form."""
    return tuple(_field(field) for field in _parse(schema)["fields"])


def check(schema: str, domain: str | None = None) -> None:
    """Raise InvalidInput with the reason if a schema breaks a rule of a custom dataset group, or of a domain's."""
    name, columns = dataset_type(schema), fields(schema)
    if name not in schema_fields.names(domain):
        raise InvalidInput(f"The schema's name must be one of {', '.join(schema_fields.names(domain))}")
    _check_names(columns)
    required, reserved = schema_fields.required(name, domain), schema_fields.reserved(name, domain)
    for field in columns:
        if field.name in reserved:
            _check_reserved(field, reserved[field.name])
        _check_attributes(name, field, (required | reserved).get(field.name))
    _check_required(name, {field.name: field for field in columns}, required)
    _check_metadata(name, columns, [field for field in columns if field.name not in required | reserved])


def added(before: str, after: str) -> list[str]:
    """Return the columns that one schema has more than another. Raises InvalidInput where it may not replace it."""
    old, new = ({field.name: field for field in fields(schema)} for schema in (before, after))
    if dataset_type(before) != dataset_type(after):
        raise InvalidInput(f"The schema is one for {dataset_type(after)}, not for {dataset_type(before)}")
    for name, field in old.items():
        if new.get(name) != field:
            raise InvalidInput(f"The new schema must have the field {name} as it is in the schema before")
    more = [name for name in new if name not in old]
    for name in more:
        if "null" not in new[name].types:
            raise InvalidInput(f"The new field {name} must allow null")
    return more


def columns(schema: str) -> dict[str, frozenset[str]]:
    """Return the types of each column of a valid schema."""
    return {field.name: field.types for field in fields(schema)}


def dataset_type(schema: str) -> str:
    """Return the dataset type that a schema is for, such as ``Interactions``. Raises InvalidInput as ``fields``."""
    name: str = _parse(schema)["name"]
    return name


def metadata(name: str, columns: tuple[Field, ...]) -> list[Field]:
    """Return the columns of a custom dataset that are neither required nor reserved."""
    known = schema_fields.required(name, None) | schema_fields.reserved(name, None)
    return [field for field in columns if field.name not in known]


@functools.cache
def context_columns(schema: str) -> Mapping[str, str]:
    """Return the columns that are the context of an interaction, by their keys in the properties of PutEvents.

    These are the categorical ones that are neither required nor reserved. Schemas of other datasets have none.
    https://docs.aws.amazon.com/personalize/latest/dg/contextual-metadata.html
    """
    columns = metadata(INTERACTIONS, fields(schema)) if dataset_type(schema) == INTERACTIONS else []
    return MappingProxyType({camel_case(field.name): field.name for field in columns if field.categorical})


def camel_case(column: str) -> str:
    """Return the key of a column in properties (Developer Guide: the schema's column in camelCase)."""
    first, *rest = column.split("_")
    return first.lower() + "".join(word.capitalize() for word in rest)


def is_learned(field: Field) -> bool:
    """Return whether a training looks at a field: at no string that is neither categorical nor textual."""
    return field.kind != "string" or field.categorical or field.textual


def _parse(schema: str) -> dict[str, Any]:
    if len(schema) > MAX_LENGTH:
        raise InvalidInput(f"A schema has at most {MAX_LENGTH} characters; this one has {len(schema)}")
    try:
        record = json.loads(schema)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"Input is not a valid Avro schema: {error}") from error
    if not isinstance(record, dict) or record.get("type") != "record" or not isinstance(record.get("fields"), list):
        raise InvalidInput('Input is not a valid Avro schema: it must be {"type": "record", …, "fields": […]}')
    name = record.get("name")
    if not isinstance(name, str) or name.casefold() not in _NAMES:
        raise InvalidInput(f"The schema's name must be one of {', '.join(schema_fields.NAMES)}")
    record["name"] = _NAMES[name.casefold()]
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
    flags = {key: field.get(key, False) for key in ("categorical", "textual", "itemName")}
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise InvalidInput(f"Field {name}: {key} must be true or false")
    return Field(name, frozenset(names), *flags.values())


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


def _check_required(name: str, columns: Mapping[str, Field], required: Mapping[str, Rule]) -> None:
    for column, rule in required.items():
        field = columns.get(column)
        if field is None or field.types != {rule.type} or not _has_attribute(field, rule):
            form = f"type {rule.type}{f', {rule.attribute}' if rule.attribute else ''}"
            raise InvalidInput(f"A schema for {name} requires the field {column} of {form}")


def _check_reserved(field: Field, rule: Rule) -> None:
    if field.name in schema_fields.NEVER_NULL and field.types != {rule.type}:
        raise InvalidInput(f"The reserved field {field.name} must be of type {rule.type}")
    if field.types - {"null"} != {rule.type}:
        raise InvalidInput(f"The reserved field {field.name} must be of type {rule.type}, or null and {rule.type}")
    if rule.attribute and not _has_attribute(field, rule):
        raise InvalidInput(f"The reserved field {field.name} must be {rule.attribute}")


def _has_attribute(field: Field, rule: Rule) -> bool:
    return (field.categorical, field.textual) == (rule.attribute == CATEGORICAL, rule.attribute == TEXTUAL)


def _check_attributes(name: str, field: Field, rule: Rule | None) -> None:
    """Check a field that is categorical or textual; ``rule``: of a required or reserved one."""
    if not field.categorical and not field.textual:
        return
    if field.kind != "string":
        raise InvalidInput(f"Field {field.name} is no string: it cannot be categorical or textual")
    if rule is not None and rule.attribute is None:
        raise InvalidInput(f"Field {field.name} is required or reserved: it cannot be categorical or textual")
    if field.textual and name != "Items":
        raise InvalidInput(f"Field {field.name} is textual, which only Items may have")
    if field.textual and field.categorical:
        raise InvalidInput(f"Field {field.name} cannot be both categorical and textual")


def _check_metadata(name: str, columns: tuple[Field, ...], free: list[Field]) -> None:
    """Check the numbers of fields; ``free``: those that are neither required nor reserved."""
    others = [field for field in columns if field.name not in KEYS]
    if name in DESCRIBED and not any(map(is_learned, others)):
        raise InvalidInput(f"A schema for {name} requires a metadata field: a number, boolean or categorical string")
    if len(free) > MOST_METADATA[name]:
        raise InvalidInput(f"A schema for {name} has at most {MOST_METADATA[name]} metadata fields, not {len(free)}")
    if sum(field.textual for field in columns) > 1:
        raise InvalidInput(f"A schema for {name} has at most one textual field")
    named = [field for field in columns if field.item_name]
    if named and (name != "Items" or len(named) > 1 or named[0].kind != "string" or named[0].name == "ITEM_ID"):
        raise InvalidInput("itemName is for one string field of a schema for Items, not its id")
