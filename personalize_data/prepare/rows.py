"""The rows of a table that have any value, with what may be wrong with the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from personalize_data.errors import InvalidRequest
from personalize_data.prepare.source import BLANK, LAST, ROW, Source


@dataclass(frozen=True)
class Rows:
    """``table``: ROW and columns of the rows with a value. ``total``: of all rows; ``blank``: of those without a value.

    ``last_missing``: the ROWs without a value in the last column, which may have too few columns.
    """

    source: Source
    table: pl.DataFrame
    total: int
    blank: int
    last_missing: pl.Series

    def check(self, kept: pl.DataFrame) -> None:
        """Raise BadFile with the line of the first row in use, by ROW, that has fewer columns than the header."""
        short = self.source.table.first_short(self.last_missing.filter(self.last_missing.is_in(kept[ROW].implode())))
        if short is not None:
            width, columns = self.source.table.width(short), len(self.source.names)
            raise self.source.bad(short, f"a broken row: {width} columns, where the header has {columns}")


def collected(source: Source, columns: Sequence[str | pl.Expr]) -> Rows:
    """Return the rows that are not blank, with some columns.

    Raises BadFile, also where a quote hides rows; InvalidRequest where all are blank.
    """
    table = source.collect(source.all_rows.select(ROW, BLANK, LAST, *columns))
    total, blank = len(table), int(table[BLANK].sum())
    source.check_quotes(total)
    if total == blank:
        raise InvalidRequest(f"{source.path} has no rows")
    if blank:
        table = table.filter(~pl.col(BLANK))
    return Rows(source, table.drop(BLANK, LAST), total, blank, table[ROW].filter(table[LAST]))
