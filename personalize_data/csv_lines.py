"""One row of a CSV as text. Every place that writes rows for Personalize writes them by this.

The same as Python's ``csv`` with line ends of a carriage return and a line feed: only what has to be is quoted. Rows
end in a line feed alone, and an unquoted carriage return would break a row in two.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

from personalize_data.schema import Schema


def csv_line(row: Sequence[str]) -> str:
    """Return a row of two values or more, without its line end."""
    line = ",".join(row)
    if '"' in line or "\r" in line or "\n" in line or line.count(",") >= len(row):
        return ",".join(map(_quoted, row))
    return line


def _quoted(value: str) -> str:
    if '"' in value:
        value = value.replace('"', '""')
    elif not ("," in value or "\r" in value or "\n" in value):
        return value
    return f'"{value}"'


def writer(schema: Schema, out: TextIO) -> Callable[[Iterable[Sequence[str]]], None]:
    """Write the header of the CSV, and nothing else is in it; return the function that writes rows."""
    out.seek(0)
    out.truncate()
    _write(out, [schema.names])
    return lambda rows: _write(out, rows)


def _write(out: TextIO, rows: Iterable[Sequence[str]]) -> None:
    out.writelines(f"{csv_line(row)}\n" for row in rows)
