"""The attributes of each user or item, from its newest row, each with the type of its values."""

import json
from collections.abc import Collection, Mapping

import polars as pl

from personalize_data.prepare.columns import numbers, types
from personalize_data.prepare.columns.fill import Filling
from personalize_data.prepare.source import ROW, Source
from personalize_data.schema import NAMESPACE, Schema, read_schema

_ID = "\0id"  # a table may have a column USER_ID that is another one's


def read(
    source: Source,
    rows: pl.DataFrame,
    own_id: str,
    names: Mapping[str, str],
    filling: Filling,
    text: Collection[str] = (),
) -> pl.DataFrame:
    """Return a row per id in ``rows`` (ROW and ``own_id``), sorted by id, with the named attributes as text.

    No row in ``rows`` is blank. ``text``: columns that are words. Raises InvalidRequest for a rule that does not fit,
    and BadFile for a number that is none.
    """
    ids = rows.lazy().select(ROW, pl.col(own_id).alias(_ID))
    table = source.collect(source.all_rows.select(ROW, *names).join(ids, on=ROW, how="inner")).sort(_ID)
    for column in names:
        table = filling.apply(table, column, needed=False)
    columns = (numbers.attribute(source, table, column, text).alias(name) for column, name in names.items())
    return table.select(ROW, pl.col(_ID).alias(own_id), *columns)


def schema(
    source: Source, table: pl.DataFrame, own_id: str, names: Mapping[str, str], dataset: str, text: Collection[str]
) -> Schema:
    """Return the schema; ``text``: columns of the source that are text even where they look like numbers.

    Raises BadFile with the line of a word in a column of numbers.
    """
    fields = [{"name": own_id, "type": "string"}, *types.fields(source, table, names, text)]
    record = {"type": "record", "name": dataset.capitalize(), "namespace": NAMESPACE}
    return read_schema(json.dumps(record | {"fields": fields, "version": "1.0"}), dataset)
