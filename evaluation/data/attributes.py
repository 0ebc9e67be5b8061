"""The Users and the Items dataset as CSV: ids and columns, numbers as numbers where a whole column is."""

from pathlib import Path
from typing import Any

import polars as pl

from personalize_data import csv_reader
from personalize_data.errors import BadFile
from recommender_models.record_columns import RecordColumns


def read(path: Path, id_column: str) -> RecordColumns:
    """Read a CSV with ``id_column`` (USER_ID or ITEM_ID) and any others. Raises BadFile with the line of a bad row."""
    names = csv_reader.header(path)
    if id_column not in names:
        raise BadFile(path, f"no column {id_column} (there are: {', '.join(names)})", 1)
    try:
        frame = pl.scan_csv(path, infer_schema=False).collect()
    except (OSError, pl.exceptions.PolarsError):
        raise csv_reader.find(path, [id_column]) from None
    if frame[names[-1]].null_count():
        csv_reader.check(path, len(names), [id_column])
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null() | (pl.all() == "")))
    if any(csv_reader.wrong(id_column, text or "") for text in frame[id_column]):
        raise csv_reader.find(path, [id_column])
    if frame[id_column].is_duplicated().any():
        raise csv_reader.second(path, id_column)
    columns = {name: _values(frame[name]) for name in names if name != id_column}
    return RecordColumns(frame[id_column].to_list(), columns)


def _values(column: pl.Series) -> list[Any]:
    column = column.replace("", None)  # quoted, and as empty as the others
    as_numbers = column.cast(pl.Float64, strict=False)
    return as_numbers.to_list() if as_numbers.null_count() == column.null_count() else column.to_list()
