"""The columns of a dataset: from an Avro schema, or inferred from a table's values.

Rules of the three kinds of dataset: https://docs.aws.amazon.com/personalize/latest/dg/custom-datasets-and-schemas.html
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.values import amounts

from personalize_data.quotas import MAX_FIELDS

NAMESPACE = "com.amazonaws.personalize.schema"
DATASETS = ("interactions", "users", "items")
REQUIRED = {
    "interactions": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "users": {"USER_ID": "string"},
    "items": {"ITEM_ID": "string"},
}
# Columns that have a meaning for Personalize, and the type that it requires of them.
RESERVED = {
    "interactions": {
        "EVENT_TYPE": "string",
        "EVENT_VALUE": "float",
        "IMPRESSION": "string",
        "RECOMMENDATION_ID": "string",
        "EVENT_ATTRIBUTION_SOURCE": "string",
    },
    "users": {},
    "items": {"CREATION_TIMESTAMP": "long"},
}
NEVER_EMPTY = ("EVENT_TYPE", "CREATION_TIMESTAMP")
NUMBERS = ("int", "long", "float", "double")
# A code with leading zeros is no number: 01234 and 1234 are two.
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_SMALL = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]*)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
INTERACTIONS_SCHEMA = Path(__file__).resolve().parents[1] / "lambda_src" / "broker" / "interactions.avsc"


class SchemaError(Exception):
    """A schema that Personalize would refuse, or that does not fit; the message says why, in one line."""


class BadValue(Exception):
    """A value that does not fit its column; the message is a reason code."""


@dataclass(frozen=True)
class Column:
    """A column: its name, its Avro type, and whether it may be empty."""

    name: str
    kind: str
    nullable: bool = False


@dataclass(frozen=True)
class Schema:
    """A dataset's schema: the JSON text that Personalize gets, and its columns in the order of the CSV."""

    dataset: str
    text: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the CSV's header."""
        return tuple(column.name for column in self.columns)

    def same_as(self, text: str) -> bool:
        """Return whether another schema's text means the same."""
        return bool(json.loads(self.text) == json.loads(text))


def read_schema(text: str, dataset: str) -> Schema:
    """Read the Avro schema of a dataset (``interactions``, ``users``, ``items``). Raises SchemaError."""
    try:
        record = json.loads(text)
        columns = tuple(_column(field) for field in record["fields"])
    except (ValueError, KeyError, TypeError):
        raise SchemaError("it is not an Avro record in JSON with a list of fields") from None
    if str(record.get("name", "")).lower() != dataset:
        raise SchemaError(f"its name must be {dataset.capitalize()}, not {record.get('name')}")
    kinds = {column.name: column.kind for column in columns}
    wrong = [f"{name} {kind}" for name, kind in REQUIRED[dataset].items() if kinds.get(name) != kind]
    if wrong:
        raise SchemaError(f"it needs {', '.join(wrong)}")
    return Schema(dataset, json.dumps(record, separators=(",", ":")), columns)


def check_reserved(schema: Schema) -> None:
    """Raise SchemaError where a column with a meaning for Personalize has a type that it refuses."""
    for column in schema.columns:
        kind = RESERVED[schema.dataset].get(column.name)
        if kind is None:
            continue
        may_be_empty = column.name not in NEVER_EMPTY
        if column.kind != kind or (column.nullable and not may_be_empty):
            types = f"{kind}, or null and {kind}" if may_be_empty else kind
            raise SchemaError(f"Personalize requires the type {types} of the column {column.name}")


def _column(field: Mapping[str, Any]) -> Column:
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    named = [kind for kind in kinds if kind != "null"]
    if len(named) != 1 or named[0] not in (*NUMBERS, "string", "boolean"):
        raise SchemaError(f"{field['name']} has the type {field['type']}, which Personalize does not know")
    return Column(field["name"], named[0], nullable=len(named) < len(kinds))


class SchemaInference:
    """The schema that fits the values of a users or items table: ``see`` every row, then ask for the ``schema``."""

    def __init__(self, dataset: str, names: Iterable[str], decimal: str = amounts.POINT) -> None:
        """Raises SchemaError for names or a number of columns that Personalize refuses. ``decimal``: point or comma."""
        (self._id,) = REQUIRED[dataset]
        self._dataset, self._decimal = dataset, decimal
        self._names = [name for name in names if name != self._id]
        self._kinds = dict.fromkeys(self._names, "")
        self._empty = dict.fromkeys(self._names, False)
        bad = [name for name in self._names if not _NAME.fullmatch(name)]
        if bad:
            raise SchemaError(f"{', '.join(bad)} cannot be a column's name: give another by --column NEW_NAME=…")
        if not 1 <= len(self._names) <= MAX_FIELDS[dataset]:
            raise SchemaError(
                f"a {dataset} dataset has 1 to {MAX_FIELDS[dataset]} columns in addition to {self._id}, not "
                f"{len(self._names)}: choose them by --column"
            )

    def see(self, values: Mapping[str, str]) -> None:
        """Include one row: its values by column."""
        for name in self._names:
            value = values[name]
            if value == "":
                self._empty[name] = True
            elif self._kinds[name] != "string":
                if self._decimal != amounts.POINT:
                    value = amounts.with_point(value, self._decimal) or "no number"
                self._kinds[name] = _wider(self._kinds[name], value)

    def schema(self) -> Schema:
        """Return the narrowest schema for all rows seen; text is categorical, or training would ignore it."""
        fields: list[dict[str, Any]] = [{"name": self._id, "type": "string"}]
        for name in self._names:
            reserved = RESERVED[self._dataset].get(name)
            kind = reserved or self._kinds[name] or "string"
            may_be_empty = self._empty[name] and name not in NEVER_EMPTY
            field = {"name": name, "type": ["null", kind] if may_be_empty else kind}
            fields.append(field | ({"categorical": True} if kind == "string" else {}))
        record = {"type": "record", "name": self._dataset.capitalize(), "namespace": NAMESPACE}
        return read_schema(json.dumps(record | {"fields": fields, "version": "1.0"}), self._dataset)


def _wider(kind: str, value: str) -> str:
    if kind in ("", "long") and _WHOLE.fullmatch(value):
        return "long"
    leading_zero = value.lstrip("+-")[:1] == "0" and value.lstrip("+-")[1:2].isdigit()
    return "double" if _NUMBER.fullmatch(value) and not leading_zero else "string"


def check(column: Column, value: str) -> str:
    """Return a CSV's value if it fits a column. Raises BadValue."""
    if value == "":
        good = column.nullable
    elif column.kind in ("int", "long"):
        good = bool(_WHOLE.fullmatch(value)) and (column.kind == "long" or abs(int(value)) < 2**31)
    elif column.kind in ("float", "double"):
        good = bool(_SMALL.fullmatch(value)) or _is_number(column, value)
    else:
        good = column.kind == "string" or value.lower() in ("true", "false")
    if not good:
        raise BadValue(f"bad_value_in_{column.name}")
    # Half characters: what a file that is not UTF-8 is read as.
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadValue("not_utf8")
    return value


def _is_number(column: Column, value: str) -> bool:
    largest = amounts.MAX_FLOAT32 if column.kind == "float" else sys.float_info.max
    return bool(_NUMBER.fullmatch(value)) and abs(float(value)) <= largest


def interactions_schema() -> str:
    """Return the schema of the interactions that the functions send."""
    return _compact(json.loads(INTERACTIONS_SCHEMA.read_text()))


def metadata_schema(path: Path, dataset: str) -> str:
    """Return the schema of a ``users`` or an ``items`` dataset from a file. Raises ValueError where it is not one.

    https://docs.aws.amazon.com/personalize/latest/dg/users-datasets.html and items-datasets.html: the id and at least
    one more field.
    """
    (id_column,), name = REQUIRED[dataset], dataset.capitalize()
    try:
        schema = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"must name a file with an Avro schema: {error}") from error
    fields = [field.get("name") for field in schema.get("fields", [])] if isinstance(schema, dict) else []
    if id_column not in fields or len(fields) < 2:
        raise ValueError(
            f"must have {id_column} and at least one field more, {path.name} has {', '.join(map(str, fields))}"
        )
    if (schema.get("name"), schema.get("namespace")) != (name, NAMESPACE):
        raise ValueError(f"must name a schema called {name} in the namespace {NAMESPACE}: {path.name} is not")
    return _compact(schema)


def schema_columns(text: str) -> tuple[str, ...]:
    """Return the names of a schema's columns, in their order."""
    return tuple(field["name"] for field in json.loads(text)["fields"])


def _compact(schema: Any) -> str:
    return json.dumps(schema, separators=(",", ":"))
