"""Tables, for a terminal and for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table as RichTable

from bench.loop.comparison import Spread

LEFT: dict[str, Any] = {"title_justify": "left", "caption_justify": "left"}


@dataclass(frozen=True)
class Table:
    """Rows of text under columns; the first of them are names, ``names`` of them. ``note`` says what is counted."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1

    def markdown(self) -> str:
        """Return the table with its title as a heading."""
        alignment = ["---"] * self.names + ["---:"] * (len(self.columns) - self.names)
        lines = [_line(self.columns), "|" + "|".join(alignment) + "|", *map(_line, self.rows)]
        return "\n".join([f"## {self.title}", "", self.note, "", *lines, ""])

    def rich(self) -> RichTable:
        """Return the table for a terminal."""
        table = RichTable(
            title=self.title, caption=self.note, box=box.SIMPLE, title_justify="left", caption_justify="left"
        )
        for place, column in enumerate(self.columns):
            table.add_column(column, justify="left" if place < self.names else "right")
        for row in self.rows:
            table.add_row(*row)
        return table


def number(value: float) -> str:
    """Return a number with three digits."""
    return format(value, ",.0f" if abs(value) >= 100 else ".1f" if abs(value) >= 10 else ".2f")


def with_range(spread: Spread) -> str:
    """Return a median with its least and greatest value, where there are several."""
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)} to {number(spread.high)})"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
