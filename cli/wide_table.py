"""A table that is wider than the terminal: its columns in parts, one below the other, and no number cut."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

WORDS = 32  # a sentence in a cell is wrapped to this width, and shorter at need
ENDLESS = 100_000


def table(title: str, *columns: str) -> Table:
    """Return an empty table: text in the first column, numbers in the others."""
    empty = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        empty.add_column(column, justify="right" if place else "left", no_wrap=True)
    return empty


def show(console: Console, whole: Table) -> None:
    """Print the title as a line, which may be wider than the table, and the table, in parts if it is too wide.

    Every part begins with the first column. One that is still too wide, of two columns, goes on beyond the edge.
    """
    console.print(escape(str(whole.title)), soft_wrap=True)
    whole.title = None
    for part in [whole] if _width(console, whole) <= console.width else _parts(console, whole):
        part.width = _width(console, part)
        console.print(part, soft_wrap=True)


def _parts(console: Console, whole: Table) -> Iterator[Table]:
    first, *others = whole.columns
    names, took = _wrapped(console, first, max(WORDS // 2, console.width // 3)), list[Column]()
    for column in others:
        narrow = (
            column if column.no_wrap else _wrapped(console, column, min(WORDS, max(WORDS // 2, console.width // 2)))
        )
        if took and _width(console, _of([names, *took, narrow])) > console.width:
            yield _of([names, *took])
            took = []
        took.append(narrow)
    yield _of([names, *took])


def _of(columns: Sequence[Column]) -> Table:
    """Return the table of some columns."""
    part = table("")
    for column in columns:
        part.add_column(column.header, justify=column.justify, no_wrap=column.no_wrap)
    for row in zip(*(column.cells for column in columns), strict=True):
        part.add_row(*row)
    return part


def _wrapped(console: Console, column: Column, width: int) -> Column:
    """Return the column with its cells in lines of this width; a word that is longer is broken."""
    lines = [Text.from_markup(str(cell)).wrap(console, width) for cell in column.cells]
    cells = [Text("\n").join(line) for line in lines]
    return Column(header=column.header, justify=column.justify, no_wrap=True, _cells=list(cells))


def _width(console: Console, whole: Table) -> int:
    """Return how wide it is with every cell on its lines as they are."""
    return console.measure(whole, options=console.options.update(width=ENDLESS)).maximum
