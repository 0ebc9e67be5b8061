"""The Users and the Items dataset as CSV: ids and columns, numbers as numbers where a whole column is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from evaluation.data import header, id_columns
from personalize_data import csv_reader
from recommender_models.record_columns import RecordColumns

PLACE = "\0place"  # no header can have this name


def read(path: Path, id_column: str, note: Callable[[str], None] = lambda _: None) -> RecordColumns:
    """Read a CSV with ``id_column`` (USER_ID or ITEM_ID) and any others. Raises BadFile with the line of a bad row.

    ``note`` gets a sentence on rows that are left out, and on ids that are not taken as they stand.
    """
    names = header.names(path, [id_column])
    frame = _scanned(path, names, id_column)
    blank = pl.all_horizontal(pl.exclude(PLACE).is_null() | (pl.exclude(PLACE) == ""))
    frame = _without(path, frame, frame.select(blank.alias(PLACE))[PLACE], "empty rows", note)
    codes = id_columns.without_id(frame[id_column].fill_null(""))
    none = pl.Series(range(len(frame)), dtype=pl.Int64).is_in(codes)
    frame = _without(path, frame, none, f"rows without a {id_column}", note)
    ids = frame[id_column]
    if id_columns.any_wrong(id_column, ids):
        raise csv_reader.find(path, [id_column])
    numbers = id_columns.Numbers(id_column, ids.to_list())
    if ids.is_duplicated().any() or numbers.in_two_ways is not None:
        raise csv_reader.second(path, id_column)
    if numbers.note:
        note(f"{path}: {numbers.note}")
    columns = {name: _values(frame[name]) for name in names if name != id_column}
    return RecordColumns(list(numbers.ids), columns)


def _scanned(path: Path, names: Sequence[str], id_column: str) -> pl.DataFrame:
    """Return all rows, and PLACE: their row numbers in the file."""
    try:
        frame = pl.scan_csv(path, infer_schema=False).collect()
    except (OSError, pl.exceptions.PolarsError):
        raise csv_reader.find(path, [id_column]) from None
    csv_reader.check_quotes(path, len(frame))
    if frame[names[-1]].null_count():
        csv_reader.check(path, len(names), [id_column])
    return frame.with_row_index(PLACE)


def _without(
    path: Path, frame: pl.DataFrame, dropped: pl.Series, called: str, note: Callable[[str], None]
) -> pl.DataFrame:
    if not dropped.any():
        return frame
    places = frame[PLACE].filter(dropped)
    note(f"{path}: {len(places):,} {called} left out, the first in line {csv_reader.line_of(path, int(places[0]))}")
    return frame.filter(~dropped)


def _values(column: pl.Series) -> list[Any]:
    column = column.replace("", None)  # quoted, and as empty as the others
    as_numbers = column.cast(pl.Float64, strict=False)
    return as_numbers.to_list() if as_numbers.null_count() == column.null_count() else column.to_list()
