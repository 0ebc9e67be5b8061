"""The header and the rows of a CSV, and the first line of it that cannot be used, with the reason.

The fast reader (polars) takes a row that ends too early for one whose last values are empty. So rows that are too
short are counted in blocks, as fast as the file is read; only when something is wrong does the slow reader name the
line. A row may span lines (quoted line breaks): the line named is its first.

Ids have up to 256 characters: Amazon Personalize API reference, PutEvents. ``./broker backfill`` strips blanks, so
with them one id would be two here and one there; an import refuses a NUL.
"""

import csv
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from personalize_data.errors import BadFile
from personalize_data.files import check_whole, lines, opened
from personalize_data.quotas import MAX_ID_LENGTH

UNITS = ((10**8, "small numbers"), (10**11, "seconds"), (10**14, "milliseconds"))
FINEST = "microseconds"
TIME, TYPE = "TIMESTAMP", "EVENT_TYPE"
MOST_DIGITS = 30
BLOCK = 4_194_304  # bytes
TRIES = 100
_QUOTED = re.compile(rb'"[^"]*"')
SHOWN = 40


def unit(time: int) -> str:
    """Return the unit in which a number can be a time of our days: seconds from 1973 to the year 5138."""
    return next((name for bound, name in UNITS if time < bound), FINEST)


def header(path: Path) -> list[str]:
    """Return the names of a CSV's columns. Raises BadFile, also for a name that comes twice, as an import would."""
    with _fields_of_any_length():
        _, names = next(_records(path), (1, None))
    if names is None:
        raise BadFile(path, "it is empty")
    if isinstance(names, str):
        raise BadFile(path, names, 1)
    if not any(name.strip() for name in names):
        raise BadFile(path, "it begins with an empty line; a CSV begins with a header", 1)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise BadFile(path, f"the header names {', '.join(map(shown, twice))} twice", 1)
    return names


def find(path: Path, needed: Sequence[str], newest: float = math.inf) -> BadFile:
    """Return what is wrong with the first row that is: its columns, a missing value, an id, or its TIMESTAMP.

    ``newest``: epoch seconds, after which no time can be.
    """
    return first(path, needed, newest) or BadFile(path, "it can't be read as CSV")


def first(path: Path, needed: Sequence[str], newest: float = math.inf) -> BadFile | None:
    """Return the same, or None if nothing is wrong."""
    try:
        with _fields_of_any_length():
            problem = _first(path, needed, newest)
        if problem:
            check_whole(path)
    except BadFile as error:  # of the bytes
        return error
    return problem


def second(path: Path, column: str) -> BadFile:
    """Return what is wrong with the first row whose id another row has already."""
    first_lines: dict[str, int] = {}
    with _fields_of_any_length():
        for line, row in _rows(path):
            if isinstance(row, str):
                return BadFile(path, row, line)
            first_line = first_lines.setdefault(row[column], line)
            if first_line != line:
                problem = f"{column} {row[column]} comes more than once: line {first_line} has it, too"
                return BadFile(path, problem, line)
    return BadFile(path, f"an {column} comes more than once")


def _first(path: Path, needed: Sequence[str], newest: float) -> BadFile | None:
    earliest: tuple[int, int] | None = None
    for line, row in _rows(path):
        reason = row if isinstance(row, str) else _missing(row, needed) or _wrong_text(row, needed)
        if reason or isinstance(row, str):
            return BadFile(path, str(reason), line)
        if TIME not in needed:
            continue
        time = row[TIME].strip()
        if not _is_whole(time):
            return BadFile(path, f"TIMESTAMP {shown(time)} is not a whole number of seconds since 1970", line)
        earliest = earliest or (line, int(time))
        if unit(int(time)) != unit(earliest[1]):
            kinds = f"{time} looks like {unit(int(time))}, {earliest[1]} (line {earliest[0]}) like {unit(earliest[1])}"
            return BadFile(path, f"TIMESTAMP is in mixed units: {kinds}", line)
        if unit(int(time)) == "seconds" and int(time) > newest:
            return BadFile(path, f"TIMESTAMP {time} is in the future: {_day(int(time))}", line)
    if earliest and unit(earliest[1]) not in ("seconds", "small numbers"):
        problem = f"TIMESTAMP {earliest[1]} is in {unit(earliest[1])}; seconds since 1970 are needed"
        return BadFile(path, problem, earliest[0])
    return None


def _day(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield each row with its first line, or what is wrong with its form; none that is empty."""
    records = _records(path)
    _, names = next(records, (1, []))
    for line, cells in records:
        if isinstance(cells, str) or isinstance(names, str):
            yield line, str(cells)
        elif cells and len(cells) != len(names):
            yield line, f"a broken row: {len(cells)} columns, where the header has {len(names)}"
        elif any(cells):
            yield line, dict(zip(names, cells, strict=True))


def _records(path: Path) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the header and each row as they stand there, with the first line; a reason in place of one that is none."""
    reader = csv.reader(_text(path), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line, f"a broken row ({error})"
            return
        if cells is None:
            return
        yield line, cells


def _text(path: Path) -> Iterator[str]:
    for number, line in lines(path):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise BadFile(path, "not UTF-8", number) from None


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    """The fast reader takes a field of any length, so a long one must not be blamed for what comes after it."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _missing(row: Mapping[str, str], needed: Sequence[str]) -> str | None:
    empty = [name for name in needed if row[name].strip() == ""]
    return f"no {' and no '.join(empty)}" if empty else None


def _wrong_text(row: Mapping[str, str], needed: Sequence[str]) -> str | None:
    names = [name for name in needed if name != TIME]
    if TIME in needed and row.get(TYPE):
        names.append(TYPE)
    return next(filter(None, (wrong(name, row[name]) for name in names)), None)


def check(path: Path, columns: int, needed: Sequence[str]) -> None:
    """Raise BadFile for the first row that has not as many columns as the header. ``needed``: see ``broken.find``."""
    if columns > 1 and not surely_even(path, columns):
        reason = first(path, needed)
        if reason:
            raise reason


def surely_even(path: Path, columns: int) -> bool:
    """Return True if no row is too short; False if one is, or where quotes are too odd to tell."""
    rest = b""
    with opened(path) as file:
        while block := file.read(BLOCK):
            rest += block
            end = _end_of_whole_rows(rest)
            if end is None or not _even(rest[:end], columns):
                return False
            rest = rest[end:]
    return rest.count(b'"') % 2 == 0 and _even(rest + b"\n", columns)


def _end_of_whole_rows(data: bytes) -> int | None:
    """Return the place after the last line break that is not within quotes."""
    end = data.rfind(b"\n") + 1
    for _ in range(TRIES):
        if data.count(b'"', 0, end) % 2 == 0:
            return end
        end = data.rfind(b"\n", 0, data.rfind(b'"', 0, end)) + 1
    return None


def _even(rows: bytes, columns: int) -> bool:
    if b'"' in rows:
        rows = _QUOTED.sub(b"", rows)
    if rows.count(b",") == rows.count(b"\n") * (columns - 1):
        return True
    return all(row.count(b",") == columns - 1 for row in rows.split(b"\n") if row.strip())


def wrong(name: str, text: str) -> str | None:
    """Return what is wrong with the text of a column, or None."""
    if not text.strip():
        return f"{name} is blank" if text else f"no {name}"
    if text != text.strip():
        return f"{name} {shown(text)} has blanks around it: an import takes it without them, so it would be another id"
    if len(text) > MAX_ID_LENGTH:
        return f"{name} has {len(text):,} characters; Personalize takes up to {MAX_ID_LENGTH}"
    return f"{name} {shown(text)} holds a NUL character" if "\0" in text else None


def shown(text: str) -> str:
    """Return a text as one short line shows it."""
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}…"
