"""The rows of a table that have any value, and how many have none."""

from collections.abc import Sequence

import polars as pl

from personalize_data.errors import InvalidRequest
from personalize_data.prepare.source import BLANK, ROW, Source


def collected(source: Source, columns: Sequence[str | pl.Expr]) -> tuple[pl.DataFrame, int, int]:
    """Return ROW and columns of the rows with a value; how many rows there are, and how many of them are blank.

    Raises BadFile, and InvalidRequest where all are blank.
    """
    table = source.collect(source.all_rows.select(ROW, BLANK, *columns))
    rows, blank = len(table), int(table[BLANK].sum())
    if rows == blank:
        raise InvalidRequest(f"{source.path} has no rows")
    if blank:
        table = table.filter(~pl.col(BLANK))
    return table.drop(BLANK), rows, blank
