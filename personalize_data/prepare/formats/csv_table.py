"""A CSV, plain or gzip."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from personalize_data import csv_reader, files
from personalize_data.errors import BadFile
from personalize_data.prepare.formats import text_copy
from personalize_data.prepare.formats.format import ROW, first_line
from personalize_data.prepare.reading import Reading

ENCODING = "not UTF-8: save it as a CSV in UTF-8, or name its encoding, such as --encoding cp1252"

COLUMNS = "--columns NAME,NAME,… names the columns of a table without a header"
_DATA = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}.*")


@dataclass(frozen=True)
class CsvTable:
    """``data``: what is read, ``path`` or its copy in UTF-8 with a header; ``added``: lines that only the copy has."""

    path: Path
    names: tuple[str, ...]
    data: Path
    delimiter: str
    added: int = 0
    nested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def scan(self) -> pl.LazyFrame:
        """Return the columns, not yet read, and ROW."""
        table = pl.scan_csv(self.data, infer_schema=False, separator=self.delimiter, glob=False)
        return table.with_row_index(ROW)

    def place(self, row: int) -> str:
        """Return the line on which a row begins."""
        return f"line {self._line(row)}"

    def bad(self, row: int, reason: str) -> BadFile:
        """Return the error about a row, with its line."""
        return BadFile(self.path, reason, self._line(row))

    def broken(self, error: Exception) -> BadFile:
        """Return the error with the line of the first row that can't be read."""
        otherwise = f"it can't be read as CSV ({first_line(error)})"
        problem = csv_reader.find(self.data, (), delimiter=self.delimiter, otherwise=otherwise)
        return about(self.path, problem, self.added)

    def width(self, row: int) -> int:
        """Return how many values a row has."""
        return len(self._row(row)[1])

    def first_short(self, rows: pl.Series) -> int | None:
        """Return the first of some rows that has fewer values than the header; None where all have as many."""
        if rows.is_empty() or csv_reader.surely_even(self.data, len(self.names), self.delimiter):
            return None
        wanted = set(rows)
        with csv_reader.opened(self.data, delimiter=self.delimiter) as reader:
            for number, (_, fields, _) in enumerate(reader.rows()):
                if number in wanted and len(fields) < len(self.names):
                    return number
        return None

    def check_quotes(self, rows: int) -> None:
        """Raise BadFile where a quote that is not closed hides rows. ``rows``: how many polars has found."""
        try:
            csv_reader.check_quotes(self.data, rows, self.delimiter)
        except BadFile as error:
            raise about(self.path, error, self.added) from None

    def unread(self, column: str) -> str:
        """Return nothing: all columns can be read."""
        return ""

    def _line(self, row: int) -> int:
        return self._row(row)[0] - self.added

    def _row(self, row: int) -> csv_reader.Row:
        with csv_reader.opened(self.data, delimiter=self.delimiter) as reader:
            return next(islice(reader.rows(), row, None))


def opened(path: Path, reading: Reading, scratch: Path | None) -> CsvTable:
    """Read the header. Raises BadFile."""
    data = path
    if (reading.encoding or reading.columns) and scratch:
        data = text_copy.write(path, scratch / "table.csv", reading.encoding or "utf-8", reading.columns)
    added = int(bool(reading.columns))
    try:
        with csv_reader.opened(data) as reader:
            return CsvTable(path, tuple(reader.header), data, reader.delimiter, added)
    except BadFile as error:
        if error.line == 1 and not added and looks_like_data(names := _first_values(data)):
            raise BadFile(path, f"the first line looks like data ({', '.join(names)}): {COLUMNS}", 1) from None
        raise about(path, error, added) from None


def looks_like_data(names: Sequence[str]) -> bool:
    """Return whether what should be names of columns are values, by numbers or dates among them."""
    return any(_DATA.fullmatch(name.strip()) for name in names)


def _first_values(path: Path) -> list[str]:
    with files.opened(path) as file:
        line = files.text(file).readline()
    return next(csv.reader([line], delimiter=max(csv_reader.DELIMITERS, key=line.count)), [])


def about(path: Path, problem: BadFile, added: int) -> BadFile:
    """Return an error of the data that are read as one of the file, with what ``prepare`` can do about it."""
    reason = ENCODING if "UTF-8" in problem.reason and "--encoding" not in problem.reason else problem.reason
    return BadFile(path, reason, problem.line - added if problem.line else None)
