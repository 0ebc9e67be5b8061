"""Schemas that the tests of the jobs import by."""

import json
from typing import Any

from personalize_local.control.avro import NAMESPACE


def schema(name: str, *fields: tuple[Any, ...]) -> str:
    """Return an Avro schema; a field is (name, type or types[, attribute])."""
    listed = [{"name": field[0], "type": field[1], **dict.fromkeys(field[2:], True)} for field in fields]
    return json.dumps({"type": "record", "name": name, "namespace": NAMESPACE, "fields": listed, "version": "1.0"})


KEYS = (("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"))
PLAIN = schema("Interactions", *KEYS)
FULL = schema(
    "Interactions",
    *KEYS,
    ("EVENT_TYPE", "string"),
    ("EVENT_VALUE", ["null", "float"]),
    ("IMPRESSION", ["string", "null"]),
    ("DEVICE", ["string", "null"], "categorical"),
)
ITEMS = schema(
    "Items",
    ("ITEM_ID", "string"),
    ("PRICE", ["null", "double"]),
    ("GENRE", ["null", "string"], "categorical"),
    ("STOCK", "int"),
    ("NEW", ["boolean", "null"]),
    ("CREATION_TIMESTAMP", "long"),
    ("TEXT", ["string", "null"], "textual"),
)
USERS = schema("Users", ("USER_ID", "string"), ("AGE", ["null", "int"]), ("PLAN", "string", "categorical"))
