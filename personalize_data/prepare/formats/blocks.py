"""A file that polars does not read itself, converted to columns of text in blocks."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import polars as pl

from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.prepare.formats.format import ROW, WithoutText

ROWS = 100_000  # in a block
LINE = "line"
Cells = dict[str, Any]  # texts, or what a column can be made of


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


def tables(rows: Iterator[tuple[int, Cells]]) -> Iterator[pl.DataFrame]:
    """Yield rows, each with its number from 0, as tables with ROW and text."""
    while block := list(islice(rows, ROWS)):
        numbers, cells = zip(*block, strict=True)
        yield table(numbers, cells, lambda name, texts: pl.Series(name, texts, pl.String))


def table(
    numbers: Sequence[int], rows: Sequence[Cells], column: Callable[[str, Sequence[Any]], pl.Series]
) -> pl.DataFrame:
    """Return rows, with their numbers from 0, as a table with ROW. ``column`` makes one of a name and values."""
    orders = dict.fromkeys(map(tuple, rows))  # of names; most tables have one
    names = dict.fromkeys(chain.from_iterable(orders))
    if len(orders) == 1:
        values: Iterable[Sequence[Any]] = zip(*[row.values() for row in rows], strict=True)
    else:
        values = ([row.get(name) for row in rows] for name in names)
    return pl.DataFrame([pl.Series(ROW, numbers, pl.get_index_type()), *map(column, names, values)])


def write(path: Path, parts: Iterator[pl.DataFrame], folder: Path, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Write the parts of a table into a new folder; return the names of its columns, in the order of their coming.

    ``names``: those that come first. Raises InvalidRequest for a file without rows.
    """
    folder.mkdir()
    known = dict.fromkeys((ROW, *names))
    for number, block in enumerate(_blocks(parts)):
        known.update(dict.fromkeys(block.columns))
        block.write_parquet(folder / f"{number:06}", compression="lz4")
    if not any(folder.iterdir()):
        raise InvalidRequest(f"{path} has no rows")
    return tuple(known)[1:]


def _blocks(parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the parts, put together to blocks of ROWS rows or more."""
    block: list[pl.DataFrame] = []
    for part in parts:
        block.append(part)
        if sum(map(len, block)) >= ROWS:
            yield pl.concat(block, how="diagonal")
            block = []
    if block:
        yield pl.concat(block, how="diagonal")
