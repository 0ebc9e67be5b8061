"""A file that polars does not read itself, converted to columns of text in blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl

from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.prepare.formats.format import ROW, WithoutText

ROWS = 100_000  # in a block
LINE = "line"
Cells = Mapping[str, str | None]


@dataclass(frozen=True)
class Blocks(WithoutText):
    """``folder`` holds the blocks; ``unit``: what people call a row of the file, such as a line.

    ``nested``: columns with lists or objects, which can't be read, and the place of the first of these.
    """

    path: Path
    names: tuple[str, ...]
    folder: Path
    unit: str
    nested: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def scan(self) -> pl.LazyFrame:
        """Return the columns, not yet read, and ROW. A block may lack columns."""
        blocks = [pl.scan_parquet(block, glob=False) for block in sorted(self.folder.iterdir())]
        return pl.concat(blocks, how="diagonal").select(ROW, *self.names)

    def place(self, row: int) -> str:
        """Return the number of a row, from 1, with the word for it."""
        return f"{self.unit} {row + 1}"

    def bad(self, row: int, reason: str) -> BadFile:
        """Return the error about a row."""
        return bad(self.path, self.unit, row, reason)

    def unread(self, column: str) -> str:
        """Return why a column that is there can't be read."""
        place = self.nested.get(column)
        return f"holds a list or an object in {place}: a column has one value a row" if place else ""


def bad(path: Path, unit: str, row: int, reason: str) -> BadFile:
    """Return the error about a row, from 0."""
    if unit == LINE:
        return BadFile(path, reason, row + 1)
    return BadFile(path, f"{unit} {row + 1}: {reason}")


def write(path: Path, rows: Iterator[tuple[int, Cells]], folder: Path, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Write the rows, each with its number from 0, into a new folder; return all names, in the order of their coming.

    Raises InvalidRequest for a file without rows.
    """
    folder.mkdir()
    known = dict.fromkeys(names)
    number = 0
    while block := list(islice(rows, ROWS)):
        for _, cells in block:
            known.update(dict.fromkeys(cells))
        columns = {name: [cells.get(name) for _, cells in block] for name in known}
        index = pl.Series(ROW, [row for row, _ in block], pl.get_index_type())
        frame = pl.DataFrame([index, *(pl.Series(name, texts, pl.String) for name, texts in columns.items())])
        frame.write_parquet(folder / f"{number:06}", compression="lz4")
        number += 1
    if not number:
        raise InvalidRequest(f"{path} has no rows")
    return tuple(known)
