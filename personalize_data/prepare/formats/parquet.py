"""A Parquet file."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from personalize_data.errors import BadFile
from personalize_data.prepare.formats.format import ROW, WithoutText, first_line

MAGIC = b"PAR1"


@dataclass(frozen=True)
class ParquetTable(WithoutText):
    """``nested``: columns of lists and records, which can't be read."""

    path: Path
    names: tuple[str, ...]
    nested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def scan(self) -> pl.LazyFrame:
        """Return the columns, not yet read, and ROW."""
        return pl.scan_parquet(self.path, glob=False).select(self.names).with_row_index(ROW)

    def place(self, row: int) -> str:
        """Return the number of a row, from 1."""
        return f"row {row + 1}"

    def bad(self, row: int, reason: str) -> BadFile:
        """Return the error about a row."""
        return BadFile(self.path, f"{self.place(row)}: {reason}")

    def unread(self, column: str) -> str:
        """Return why a column that is there can't be read."""
        return "holds lists or records: a column needs one value a row" if column in self.nested else ""


def opened(path: Path) -> ParquetTable:
    """Read the names of the columns. Raises BadFile."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise BadFile(path, "this is a Parquet file, packed once more: unpack it first")
    try:
        schema = pl.scan_parquet(path, glob=False).collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(path, first_line(error)) from None
    nested = tuple(name for name, kind in schema.items() if kind.is_nested())
    return ParquetTable(path, tuple(name for name in schema if name not in nested), nested)
