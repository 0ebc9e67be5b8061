"""A CSV (plain or gzip) or Parquet file as lazy columns of text, with the row number of every row."""

import fnmatch
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import polars as pl

from personalize_data import csv_reader
from personalize_data.consent import refusal
from personalize_data.errors import BadFile, InvalidRequest

ROW, _ROWS = "\0row", "\0rows"  # no header can have these names


@dataclass(frozen=True)
class Source:
    """A file whose header is read. ``empty``: texts that stand for a missing value, as the empty text does.

    ``wanted``: a column, and the texts in it of the rows to read; None for all rows.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str
    empty: tuple[str, ...] = ()
    wanted: tuple[str, tuple[str, ...]] | None = None

    @cached_property
    def rows(self) -> pl.LazyFrame:
        """Return all columns as stripped text, null where a value is missing, and ROW, the row number from 0."""
        columns = [_text(name, kind, self.empty) for name, kind in self._schema.items() if name in self.names]
        blank = pl.all_horizontal(pl.exclude(ROW).is_null())
        rows = self._scanned.with_row_index(ROW).select(ROW, *columns).filter(~blank)
        if self.wanted is None:
            return rows
        column, texts = self.wanted
        return rows.filter(pl.col(column).is_in(texts))

    @cached_property
    def _scanned(self) -> pl.LazyFrame:
        if is_parquet(self.path):
            return pl.scan_parquet(self.path)
        return pl.scan_csv(self.path, infer_schema=False, separator=self.delimiter)

    @cached_property
    def _schema(self) -> pl.Schema:
        try:
            return self._scanned.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._broken(error) from None

    def collect(self, rows: pl.LazyFrame) -> pl.DataFrame:
        """Run a query on ``rows``, as a stream. Raises BadFile with the line of a broken row."""
        try:
            return rows.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._broken(error) from None

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
        answers = self.collect(self.rows.group_by(column).agg(pl.len().alias(_ROWS))).rows()
        consenting = tuple(text for text, _ in answers if not refusal(text))
        left_out = Counter[str]()
        for text, rows in answers:
            if reason := refusal(text):
                left_out[reason] += rows
        if not consenting:
            counts = f"{left_out['no_consent']:,} say no, of {left_out['consent_unknown']:,} the answer is not known"
            raise InvalidRequest(f"{self.path}: no row has a yes in {column} ({counts})")
        return replace(self, wanted=(column, consenting)), left_out

    def bad(self, row: int, reason: str) -> BadFile:
        """Return the error for a row number: with the line in a CSV, with the row from 1 in Parquet."""
        if is_parquet(self.path):
            return BadFile(self.path, f"row {row + 1}: {reason}")
        return BadFile(self.path, reason, self._csv_row(row)[0])

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

    def matching(self, patterns: Sequence[str], option: str) -> list[str]:
        """Return the columns that match names or ``*`` patterns. Raises InvalidRequest for one without a match."""
        matched: dict[str, None] = {}
        for pattern in patterns:
            names = [name for name in self.names if name == pattern or fnmatch.fnmatchcase(name, pattern)]
            if not names:
                raise InvalidRequest(f"{option} {pattern}: {self.path} has no such column; it has {self._shown()}")
            matched |= dict.fromkeys(names)
        return list(matched)

    def short(self, row: int) -> str:
        """Return an addition to the message about a row with fewer columns than the header, such as a total."""
        if is_parquet(self.path):
            return ""
        columns = len(self._csv_row(row)[1])
        return f" (the row has {columns} of {len(self.names)} columns)" if columns < len(self.names) else ""

    def _shown(self) -> str:
        """Return the names of the columns; in quotes where a name has blanks around it."""
        return ", ".join(name if name == name.strip() else repr(name) for name in self.names)

    def _csv_row(self, row: int) -> csv_reader.Row:
        with csv_reader.opened(self.path, delimiter=self.delimiter) as reader:
            return next(islice(reader.rows(), row, None))

    def _broken(self, error: Exception) -> BadFile:
        first_line = str(error).partition("\n")[0]
        if is_parquet(self.path):
            return BadFile(self.path, first_line)
        return csv_reader.find(
            self.path, (), delimiter=self.delimiter, otherwise=f"it can't be read as CSV ({first_line})"
        )


def opened(path: Path, empty: Sequence[str] = ()) -> Source:
    """Return the source of a file. Lists and records within Parquet are left out. Raises BadFile."""
    try:
        if is_parquet(path):
            kinds = pl.scan_parquet(path).collect_schema().items()
            return Source(path, tuple(name for name, kind in kinds if not kind.is_nested()), "", tuple(empty))
        with csv_reader.opened(path) as reader:
            return Source(path, tuple(reader.header), reader.delimiter, tuple(empty))
    except pl.exceptions.PolarsError as error:
        raise BadFile(path, str(error).partition("\n")[0]) from None


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet, by its name."""
    return path.suffix == ".parquet"


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
