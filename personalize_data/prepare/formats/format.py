"""What every format of table offers: its columns, and the place of a row as people see it in the file."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import polars as pl

from personalize_data.errors import BadFile

ROW = "\0row"  # no header can have this name


class Format(Protocol):
    """A file whose columns are known. Rows are numbered from 0."""

    @property
    def path(self) -> Path:
        """The file, as messages name it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that can be read."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the summary says about the reading."""

    @property
    def nested(self) -> Collection[str]:
        """The columns of lists or objects, which can't be read."""

    def scan(self) -> pl.LazyFrame:
        """Return the columns, not yet read, and ROW."""

    def place(self, row: int) -> str:
        """Return where a row is: ``line 3``."""

    def bad(self, row: int, reason: str) -> BadFile:
        """Return the error about a row."""

    def broken(self, error: Exception) -> BadFile:
        """Return the error for what polars raised."""

    def width(self, row: int) -> int:
        """Return how many values a row has."""

    def first_short(self, rows: pl.Series) -> int | None:
        """Return the first of some rows that has fewer values than there are columns; None where all have as many."""

    def check_quotes(self, rows: int) -> None:
        """Raise BadFile where a quote that is not closed hides rows. ``rows``: how many polars has found."""

    def unread(self, column: str) -> str:
        """Return why a column that is there can't be read; empty where there is none of that name."""


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return str(error).partition("\n")[0]


class WithoutText:
    """What formats have in common in which each row has a value for each column, and no quotes."""

    path: Path
    names: tuple[str, ...]

    def broken(self, error: Exception) -> BadFile:
        """Return the error for what polars raised."""
        return BadFile(self.path, first_line(error))

    def width(self, row: int) -> int:
        """Return how many values a row has: all of them."""
        return len(self.names)

    def first_short(self, rows: pl.Series) -> int | None:
        """Return None: a row has a value for each column."""
        return None

    def check_quotes(self, rows: int) -> None:
        """Do nothing: there are no quotes."""
