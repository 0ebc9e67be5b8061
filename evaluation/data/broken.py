"""Finds the line of a CSV that the fast reader could not use, and says why: slow, and only run when something is wrong.

A row may span lines (quoted line breaks): the line named is its first.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from evaluation.failure import BadFile

UNITS = ((10**8, "small numbers"), (10**11, "seconds"), (10**14, "milliseconds"))
FINEST = "microseconds"


def unit(time: int) -> str:
    """Return the unit in which a number can be a time of our days: seconds from 1973 to the year 5138."""
    return next((name for bound, name in UNITS if time < bound), FINEST)


def find(path: Path, needed: Sequence[str]) -> BadFile:
    """Return what is wrong with the first row that is: its columns, a missing value, or its TIMESTAMP."""
    try:
        return _find(path, needed)
    except UnicodeDecodeError:
        return BadFile(path, "not UTF-8", _line_of_bad_bytes(path))


def opened(path: Path) -> gzip.GzipFile | BinaryIO:
    """Open a file, or the content of a ``.gz``."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _find(path: Path, needed: Sequence[str]) -> BadFile:
    first: tuple[int, int] | None = None
    for line, row in _rows(path):
        reason = row if isinstance(row, str) else _missing(row, needed)
        if reason or isinstance(row, str):
            return BadFile(path, str(reason), line)
        if "TIMESTAMP" not in needed:
            continue
        time = row["TIMESTAMP"].strip()
        if not time.removeprefix("-").isdecimal():
            return BadFile(path, f"TIMESTAMP {time!r} is not a whole number of seconds since 1970", line)
        first = first or (line, int(time))
        if unit(int(time)) != unit(first[1]):
            kinds = f"{time} looks like {unit(int(time))}, {first[1]} (line {first[0]}) like {unit(first[1])}"
            return BadFile(path, f"TIMESTAMP is in mixed units: {kinds}", line)
    if first and unit(first[1]) not in ("seconds", "small numbers"):
        return BadFile(path, f"TIMESTAMP {first[1]} is in {unit(first[1])}; seconds since 1970 are needed", first[0])
    return BadFile(path, "it can't be read as CSV")


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield each row with its first line, or what is wrong with its form."""
    text = (line.decode("utf-8-sig" if number == 0 else "utf-8") for number, line in enumerate(opened(path)))
    reader = csv.reader(text, strict=True)
    header = next(reader, [])
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line, f"a broken row ({error})"
            return
        if cells is None:
            return
        if cells and len(cells) != len(header):
            yield line, f"a broken row: {len(cells)} columns, where the header has {len(header)}"
        elif cells:
            yield line, dict(zip(header, cells, strict=True))


def _missing(row: Mapping[str, str], needed: Sequence[str]) -> str | None:
    empty = [name for name in needed if row[name].strip() == ""]
    return f"no {' and no '.join(empty)}" if empty else None


def _line_of_bad_bytes(path: Path) -> int | None:
    for number, line in enumerate(opened(path), start=1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return None
