"""The Interactions dataset: each interaction once, sorted by time, with a schema within Personalize's limits."""

import json
from collections.abc import Sequence

import polars as pl

from personalize_data.errors import InvalidRequest
from personalize_data.prepare.columns.types import Field
from personalize_data.quotas import MAX_EVENT_TYPES_AND_METADATA, MAX_INTERACTION_METADATA
from personalize_data.schema import NAMESPACE, Schema, read_schema

ORDER = ("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP")
_PLACE = "\0place"


def schema(frame: pl.DataFrame, metadata: Sequence[Field]) -> Schema:
    """Return the schema of interactions. ``metadata``: its last fields. Raises InvalidRequest over the limits."""
    types = frame["EVENT_TYPE"].n_unique()
    if len(metadata) > MAX_INTERACTION_METADATA:
        raise InvalidRequest(
            f"{len(metadata)} metadata columns; Personalize takes {MAX_INTERACTION_METADATA} on interactions"
        )
    if types + len(metadata) > MAX_EVENT_TYPES_AND_METADATA:
        raise InvalidRequest(
            f"{types} event types and {len(metadata)} metadata columns; Personalize takes "
            f"{MAX_EVENT_TYPES_AND_METADATA} in all: choose types by --event-types, or metadata by --metadata"
        )
    record = {"type": "record", "name": "Interactions", "namespace": NAMESPACE}
    columns_ = [_field(frame[name]) for name in frame.columns if name in (*ORDER, "EVENT_VALUE")]
    return read_schema(json.dumps(record | {"fields": [*columns_, *metadata], "version": "1.0"}), "interactions")


def _field(column: pl.Series) -> Field:
    if column.name != "EVENT_VALUE":
        return {"name": column.name, "type": "long" if column.name == "TIMESTAMP" else "string"}
    return {"name": column.name, "type": ["null", "float"] if column.null_count() else "float"}


def once(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the interactions by time, each once, and how many duplicates were left out.

    The same: user, item, type, second and value, as Personalize counts them (Developer Guide, "Recording events").
    """
    ordered = frame.sort("TIMESTAMP", "USER_ID", "ITEM_ID", "EVENT_TYPE", maintain_order=True)
    repeats = same_but_for_the_value(ordered)
    if not repeats.any():
        return ordered, 0
    taken = ~(repeats | repeats.shift(-1, fill_value=False))
    others = ordered.with_row_index(_PLACE).filter(~taken)
    same = [name for name in (*ORDER, "EVENT_VALUE") if name in frame.columns]
    first = others.unique(same, keep="first", maintain_order=True)
    distinct = ordered.filter(taken.scatter(first[_PLACE], True))
    return distinct, len(frame) - len(distinct)


def same_but_for_the_value(ordered: pl.DataFrame) -> pl.Series:
    """Return which interactions differ from the one before in the value alone, if at all; in the order of ``once``."""
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in ("TIMESTAMP", *ORDER[:-1]))
    return ordered.select(same.fill_null(False).alias("same")).to_series()
