"""A table as lazy columns of text, with the row number of every row."""

import fnmatch
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl
from broker.values.amounts import POINT

from personalize_data.consent import refusal
from personalize_data.csv_reader import SHOWN, shown
from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.prepare import formats
from personalize_data.prepare.formats.csv_table import COLUMNS, looks_like_data
from personalize_data.prepare.formats.format import ROW, Format
from personalize_data.prepare.reading import Reading

BLANK, LAST, _ROWS = "\0blank", "\0last", "\0rows"  # no header can have these names
MOST_NAMES = 60  # in a message


@dataclass(frozen=True)
class Source:
    """A table whose columns are known. ``wanted``: a column, and the texts in it of the rows to read; None for all."""

    table: Format
    reading: Reading
    wanted: tuple[str, tuple[str, ...]] | None = None

    @property
    def path(self) -> Path:
        """The file, as messages name it."""
        return self.table.path

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.table.names

    @cached_property
    def rows(self) -> pl.LazyFrame:
        """Return the rows that are not blank: all columns as stripped text, null where a value is missing, and ROW."""
        return self.all_rows.filter(~pl.col(BLANK)).drop(BLANK, LAST)

    @cached_property
    def all_rows(self) -> pl.LazyFrame:
        """Return the same of all rows, with BLANK: no value at all, and LAST: none in the last column."""
        columns = [_text(name, self._schema[name], self.reading.empty) for name in self.names]
        rows = self._scanned.select(ROW, *columns)
        blank = pl.all_horizontal(pl.exclude(ROW).is_null())
        rows = rows.with_columns(blank.alias(BLANK), pl.col(self.names[-1]).is_null().alias(LAST))
        if self.wanted is None:
            return rows
        column, texts = self.wanted
        return rows.filter(pl.col(column).is_in(texts))

    @cached_property
    def _scanned(self) -> pl.LazyFrame:
        return self.table.scan()

    @cached_property
    def _schema(self) -> pl.Schema:
        try:
            return self._scanned.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self.table.broken(error) from None

    def collect(self, rows: pl.LazyFrame) -> pl.DataFrame:
        """Run a query on ``rows``, as a stream. Raises BadFile with the line of a broken row."""
        try:
            return rows.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self.table.broken(error) from None

    def with_consent(self, column: str | None) -> tuple["Source", Counter[str]]:
        """Return the source without the rows that may not train, and how many those are, by reason.

        ``column`` holds the answers; without one all rows stay. Raises BadFile, and InvalidRequest where there is no
        such column or no yes in it.
        """
        if column is None:
            return self, Counter()
        [column, *others] = self.matching((column,), "--consent")
        if others:
            raise InvalidRequest(f"--consent names one column, not {', '.join((column, *others))}")
        answers = self.collect(self.all_rows.group_by(column, BLANK).agg(pl.len().alias(_ROWS))).rows()
        self.check_quotes(sum(rows for _, _, rows in answers))
        consenting = tuple(text for text, _, _ in answers if not refusal(text))
        left_out = Counter[str]()
        for text, blank, rows in answers:
            if reason := "blank_rows" if blank else refusal(text):
                left_out[reason] += rows
        if not consenting:
            counts = f"{left_out['no_consent']:,} say no, of {left_out['consent_unknown']:,} the answer is not known"
            raise InvalidRequest(f"{self.path}: no row has a yes in {column} ({counts})")
        return replace(self, wanted=(column, consenting)), left_out

    def check_quotes(self, rows: int) -> None:
        """Raise BadFile where a quote hides rows. ``rows``: how many were found; where not all are wanted, not used."""
        if self.wanted is None:
            self.table.check_quotes(rows)

    def place(self, row: int) -> str:
        """Return where a row number is in the file: ``line 3`` of a CSV, ``row 3`` of a sheet or of Parquet."""
        return self.table.place(row)

    def bad(self, row: int, reason: str) -> BadFile:
        """Return the error for a row number, with its place in the file."""
        return self.table.bad(row, reason)

    def first_bad(self, wrong: pl.Expr, column: str) -> tuple[int, str | None] | None:
        """Return the first row for which an expression holds, and its text in a column."""
        row_ = self.collect(self.rows.filter(wrong).select(ROW, column).head(1))
        return (row_[ROW][0], row_[column][0]) if len(row_) else None

    def exact_below(self, column: str) -> int | None:
        """Return the bound below which a Parquet column of floats is exact on whole numbers; None for other columns."""
        kind = self._schema[column]
        if not kind.is_float():
            return None
        return 2**53 if kind == pl.Float64 else 2**24 if kind == pl.Float32 else 2**11

    def decimal(self, column: str) -> str:
        """Return the decimal mark of a column's numbers: that of --decimal where the file has them as text."""
        return self.reading.decimal if self._schema[column] == pl.String else POINT

    def matching(self, patterns: Sequence[str], option: str, hint: str = "") -> list[str]:
        """Return the columns that match names or ``*`` patterns.

        Raises InvalidRequest for one without a match; ``hint``: what the message adds.
        """
        matched: dict[str, None] = {}
        for pattern in patterns:
            names = [name for name in self.names if name == pattern or fnmatch.fnmatchcase(name, pattern)]
            if not names:
                raise InvalidRequest(f"{option} {pattern}: {self._no_column(pattern)}{hint}")
            matched |= dict.fromkeys(names)
        return list(matched)

    def short(self, row: int) -> str:
        """Return an addition to the message about a row with fewer columns than the header, such as a total."""
        columns = self.table.width(row)
        return f" (the row has {columns} of {len(self.names)} columns)" if columns < len(self.names) else ""

    def raw(self, row: int, column: str) -> str | None:
        """Return the text of a cell as the file has it; None where it is empty."""
        text = pl.col(column).cast(pl.String).str.strip_chars()
        cells = self.collect(self._scanned.filter(pl.col(ROW) == row).select(text))
        return cells[column][0] or None if len(cells) else None

    def _no_column(self, pattern: str) -> str:
        if reason := self.table.unread(pattern):
            return f"this column of {self.path} {reason}"
        if not self.reading.columns and looks_like_data(self.names):
            return f"the first line of {self.path} looks like data ({self._shown()}): {COLUMNS}"
        nested = ", ".join(self.table.nested)
        more = f"; not read, since they hold lists or objects: {nested}" if nested else ""
        return f"{self.path} has no such column; it has {self._shown()}{more}"

    def _shown(self) -> str:
        """Return the names of the columns; in quotes where a name has blanks around it. Each is cut, and the list."""
        names = [
            name if name == name.strip() and len(name) <= SHOWN else shown(name) for name in self.names[:MOST_NAMES]
        ]
        more = f" and {len(self.names) - MOST_NAMES:,} more" if len(self.names) > MOST_NAMES else ""
        return ", ".join(names) + more


def opened(path: Path, reading: Reading | None = None, scratch: Path | None = None) -> Source:
    """Return the source of a file. ``scratch``: an empty folder for what has to be converted before it is read.

    Raises BadFile for a file that can't be read, and InvalidRequest for an option that is for another format.
    """
    reading = reading or Reading()
    return Source(formats.opened(path, reading, scratch), reading)


def chunks(column: pl.Series, size: int) -> Iterator[pl.Series]:
    """Yield a column in parts of at most ``size`` rows."""
    for start in range(0, len(column), size):
        yield column.slice(start, size)


def _text(name: str, kind: pl.DataType, empty: Sequence[str]) -> pl.Expr:
    column = pl.col(name)
    if kind.is_float():  # ids that a program took for fractions: 17850.0
        whole = column.cast(pl.Int64, strict=False)
        text = pl.when(whole == column).then(whole.cast(pl.String)).otherwise(column.cast(pl.String))
    else:
        text = column.cast(pl.String).str.strip_chars()
    return pl.when(~text.is_in(["", *empty])).then(text).alias(name)
