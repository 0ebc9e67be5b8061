"""A table as people have it (CSV, plain or gzip, or Parquet): lazy columns of text, and the place of every row."""

import csv
import fnmatch
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from personalize_data import errors, files
from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.table import MappingError, Table

ROW = "\0row"  # no header can have this name
HEAD = 1 << 16  # bytes in which there is a line end
QUOTE = (
    "a quote is not closed, or stands within a value: such a value is put in quotes, and those within it are doubled"
)
CUT = "the gzip file breaks off or is damaged about here: it can't be unpacked any further"


@dataclass(frozen=True)
class Source:
    """A file whose header is read. ``empty``: texts that mean that nothing is known, beside the empty one.

    ``wanted``: a column, and the texts in it of the rows to read; None for all rows.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str
    empty: tuple[str, ...] = ()
    wanted: tuple[str, tuple[str, ...]] | None = None

    @cached_property
    def rows(self) -> pl.LazyFrame:
        """Return all columns as text without blanks around, null where it is missing, and ROW, from 0."""
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
        """Run what was made of ``rows``, as a stream. Raises BadFile with the line of a row that is none."""
        try:
            return rows.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._broken(error) from None

    def bad(self, row: int, reason: str) -> BadFile:
        """Return the error for a row: with its line in a CSV, its number from 1 in Parquet."""
        if is_parquet(self.path):
            return BadFile(self.path, f"row {row + 1}: {reason}")
        return BadFile(self.path, reason, self._line(row))

    def first_bad(self, wrong: pl.Expr, column: str) -> tuple[int, str | None] | None:
        """Return the first row for which an expression holds, and its text in a column."""
        row_ = self.collect(self.rows.filter(wrong).select(ROW, column).head(1))
        return (row_[ROW][0], row_[column][0]) if len(row_) else None

    def exact_below(self, column: str) -> int | None:
        """Return up to where a Parquet column of fractions tells whole numbers apart; None for any other column."""
        kind = self._schema[column]
        if not kind.is_float():
            return None
        return 2**53 if kind == pl.Float64 else 2**24 if kind == pl.Float32 else 2**11

    def matching(self, patterns: Sequence[str], option: str) -> list[str]:
        """Return the columns that are named, or match ``*`` patterns. Raises BadQuestion for one that matches none."""
        matched: dict[str, None] = {}
        for pattern in patterns:
            names = [name for name in self.names if name == pattern or fnmatch.fnmatchcase(name, pattern)]
            if not names:
                raise InvalidRequest(f"{option} {pattern}: {self.path} has no such column; it has {self._shown()}")
            matched |= dict.fromkeys(names)
        return list(matched)

    def short(self, row: int) -> str:
        """Return what to add to the complaint about a row that has fewer columns than the header, as totals have."""
        if is_parquet(self.path):
            return ""
        with self._from(row) as reader:
            columns = len(next(reader, []))
        return f" (the row has {columns} of {len(self.names)} columns)" if columns < len(self.names) else ""

    def _shown(self) -> str:
        """Return the names of the columns; in quotes where blanks around one would not be seen."""
        return ", ".join(name if name == name.strip() else repr(name) for name in self.names)

    def _line(self, row: int) -> int:
        with self._from(row) as reader:
            return int(reader.line_num) + 1

    @contextmanager
    def _from(self, row: int) -> Iterator[Any]:
        """Open the file as a csv reader that stands before a row."""
        with files.opened(self.path, str(self.path)) as file:
            reader = csv.reader(files.text(file), delimiter=self.delimiter)
            next(reader)
            for _ in zip(range(row), reader, strict=False):
                pass
            yield reader

    def _broken(self, error: Exception) -> BadFile:
        if is_parquet(self.path):
            return BadFile(self.path, str(error).partition("\n")[0])
        problem = broken_line(self.path, self.delimiter, len(self.names))
        if problem is not None:
            line, reason = problem
            return BadFile(self.path, reason, line)
        return BadFile(self.path, f"it can't be read as CSV ({str(error).partition(chr(10))[0]})")


def opened(path: Path, empty: Sequence[str] = ()) -> Source:
    """Read the header; lists and records within a Parquet file are no columns here. Raises BadFile."""
    try:
        if is_parquet(path):
            kinds = pl.scan_parquet(path).collect_schema().items()
            return Source(path, tuple(name for name, kind in kinds if not kind.is_nested()), "", tuple(empty))
        names, delimiter = header(path)
        return Source(path, names, delimiter, tuple(empty))
    except pl.exceptions.PolarsError as error:
        raise BadFile(path, str(error).partition("\n")[0]) from None


def is_parquet(path: Path) -> bool:
    """Return whether a file is named as Parquet."""
    return path.suffix == ".parquet"


def chunks(column: pl.Series, size: int) -> Iterator[pl.Series]:
    """Yield a column in parts."""
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


def header(path: Path) -> tuple[tuple[str, ...], str]:
    """Return the columns' names and the delimiter. Raises BadFile for a header that no table has."""
    with files.opened(path, str(path)) as file:
        head = file.peek(HEAD)[:HEAD]  # type: ignore[attr-defined]
        if b"\r" in head and b"\n" not in head:
            raise BadFile(path, "its lines end in carriage returns alone, as on old Macs: save it with other line ends")
        try:
            table = Table(str(path), files.text(file))
        except MappingError as error:
            raise BadFile(path, str(error).removeprefix(f"{path} ").removeprefix(f"{path}: "), 1) from None
    if table.header[0].lower().startswith("sep="):
        raise BadFile(path, "a spreadsheet's sep= stands before the header: take the line out, it is not needed", 1)
    if any("\n" in name or "\r" in name for name in table.header):
        raise BadFile(path, "a name in the header breaks over two lines: write it in one", 1)
    return tuple(table.header), table.delimiter


def broken_line(path: Path, delimiter: str, columns: int) -> tuple[int, str] | None:
    """Return the line where a CSV's first row begins that can't be read, and why; None where all rows look right."""
    problem, reader = None, csv.reader(())
    try:
        with files.opened(path, str(path)) as file:
            reader = csv.reader(files.text(file), delimiter=delimiter, strict=True)
            next(reader)
            problem = _first_broken(reader, columns)
            while file.read(HEAD):  # a damaged gzip file gives odd rows before it gives an error
                pass
    except errors.BadFile:
        return (problem[0] if problem else reader.line_num + 1), CUT
    return problem


def _first_broken(reader: Any, columns: int) -> tuple[int, str] | None:
    quote: int | None = None
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return (quote, QUOTE) if quote is not None else None
        except csv.Error:
            return line, QUOTE
        reason = _broken(fields, columns)
        if reason:
            return line, reason
        if quote is None and any(field.count('"') % 2 for field in fields):
            quote = line


def _broken(fields: list[str], columns: int) -> str | None:
    if fields and len(fields) != columns:
        return f"a broken row: it has {len(fields)} columns, the header has {columns}"
    if any("\ud800" <= letter <= "\udfff" for letter in "".join(fields)):
        return "not UTF-8: save it as a CSV in UTF-8"
    return None
