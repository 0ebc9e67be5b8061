"""Columns of the Items dataset that go with a list: how they are requested, read, and named on profiles.

https://docs.aws.amazon.com/personalize/latest/dg/getting-recommendations-with-metadata.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

MOST_COLUMNS = 10  # of one request, and at most 50 items: Amazon Personalize, "Quotas"
MAX_RESULTS = 50
_PREFIX = "product_recs_"
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,149}")  # an Avro name, as long as GetRecommendations takes
_OWN = {"ID", "ITEM_ID"}  # product_recs_id is the list's own id


def parsed(text: str) -> tuple[str, ...]:
    """Return the columns that a setting names, with commas between them. Raises ValueError."""
    columns = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if wrong := [column for column in columns if not _COLUMN.fullmatch(column) or column.upper() in _OWN]:
        raise ValueError(f"names what can be no column on a profile: {', '.join(wrong)}")
    if len({attribute_of(column) for column in columns}) < len(columns):
        raise ValueError("names two columns that differ in case only")
    if len(columns) > MOST_COLUMNS:
        raise ValueError(f"names {len(columns)} columns, and at most {MOST_COLUMNS} can be asked for")
    return columns


def attribute_of(column: str) -> str:
    """Return the user attribute that holds a column's values, in the order of ``product_recs``."""
    return f"{_PREFIX}{column.lower()}"


def requested(columns: Sequence[str]) -> dict[str, Any]:
    """Return the argument of GetRecommendations that asks for columns; nothing where there are none."""
    return {"metadataColumns": {"ITEMS": list(columns)}} if columns else {}


def values_of(entry: Mapping[str, Any], columns: Sequence[str], longest: int | None = None) -> tuple[str, ...]:
    """Return an item's value of each column, at most the first ``longest`` characters, empty where it has none.

    AWS does not say how it spells a column's name in an answer, so case and underscores do not count.
    """
    by_name = {_plain(name): value for name, value in (entry.get("metadata") or {}).items()}
    return tuple(str(by_name.get(_plain(column), ""))[:longest] for column in columns)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
