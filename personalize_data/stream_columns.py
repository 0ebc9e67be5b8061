"""The mapping of a dataset's columns to what mParticle knows, checked against the dataset's Avro schema.

Sources: of the Users dataset, the names of user attributes; of the Items dataset, fields of a product (``name``,
``brand``, ``category``, ``variant``, ``price``) or the names of its custom attributes.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from broker.metadata.columns import CREATED, ITEMS, PRODUCT_FIELDS, STRING, TEXTUAL, TIMESTAMP, Column, is_own

from personalize_data.schema import NUMBERS, REQUIRED

PRICE = "price"
FLOATS = ("float", "double")


def stream_columns(mapping: Mapping[str, str], schema: str, dataset: str) -> tuple[Column, ...]:
    """Return the columns that come from the stream. Raises ValueError with all that is wrong.

    ``mapping``: column → source. ``schema``: the dataset's, as JSON. An item's CREATION_TIMESTAMP needs no source: it
    is then the time at which the stream had the item first.
    """
    fields = {field["name"]: field for field in json.loads(schema)["fields"]}
    (id_column,) = REQUIRED[dataset]
    problems = list(_problems(mapping, fields, dataset, id_column))
    if problems:
        raise ValueError("; ".join(problems))
    without_source = [CREATED] if dataset == ITEMS and CREATED in fields and CREATED not in mapping else []
    return tuple(_column(fields[name], mapping.get(name, "")) for name in (*mapping, *without_source))


def kinds_of(schema: str, id_column: str) -> dict[str, str]:
    """Return the kind of the values of each column of a dataset's schema, but for its id."""
    fields = [field for field in json.loads(schema)["fields"] if field["name"] != id_column]
    return {field["name"]: _column(field, "").kind for field in fields}


def _problems(
    mapping: Mapping[str, str], fields: Mapping[str, Mapping[str, Any]], dataset: str, id_column: str
) -> Iterator[str]:
    for name, source in mapping.items():
        if name == id_column:
            yield f"names {name}, which is the id"
        elif name not in fields:
            yield f"names {name}, which the schema does not have"
        elif is_own(source):
            yield f"fills {name} from {source}, which the broker writes itself"
        else:
            yield from _of_kind(fields[name], source, dataset)
    lacking = [name for name, field in fields.items() if not _may_be_empty(field)]
    own = {id_column, *mapping, *([CREATED] if dataset == ITEMS else [])}
    if missing := [name for name in lacking if name not in own]:
        yield f"has no source for {', '.join(missing)}, which may not be empty in the schema"


def _of_kind(field: Mapping[str, Any], source: str, dataset: str) -> Iterator[str]:
    """Yield why a source does not fit a column's type: a product's texts are no numbers, and its price is no text."""
    kind = _kind(field)
    if kind is None:
        yield f"names {field['name']}, whose type {field['type']} Personalize does not have"
    elif dataset != ITEMS or source not in PRODUCT_FIELDS:
        return
    elif source == PRICE and kind not in FLOATS:
        yield f"fills {field['name']} of type {kind} from price, which needs {' or '.join(FLOATS)}"
    elif source != PRICE and kind not in (STRING, TEXTUAL):
        yield f"fills {field['name']} of type {kind} from {source}, which is a text"


def _column(field: Mapping[str, Any], source: str) -> Column:
    kind = TIMESTAMP if field["name"] == CREATED else _kind(field) or STRING
    return Column(field["name"], source, kind, is_required=not _may_be_empty(field))


def _kind(field: Mapping[str, Any]) -> str | None:
    """Return the kind of a column's values; None where Personalize has no such type."""
    named = [kind for kind in _types(field) if kind != "null"]
    if len(named) != 1 or named[0] not in (*NUMBERS, "string", "boolean"):
        return None
    return TEXTUAL if named[0] == "string" and field.get("textual") is True else str(named[0])


def _may_be_empty(field: Mapping[str, Any]) -> bool:
    return "null" in _types(field)


def _types(field: Mapping[str, Any]) -> list[Any]:
    return field["type"] if isinstance(field["type"], list) else [field["type"]]
