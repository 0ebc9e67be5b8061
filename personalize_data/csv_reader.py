"""One reader of CSV: the header, the rows with their lines, and the first line that cannot be used, with the reason.

``./broker backfill`` streams rows through it; ``evaluate`` and ``prepare`` read with polars and ask it for the header,
and for the line and the reason where polars fails. A row may span lines (quoted line breaks): its line is its first.
Lines end in a line feed, as for polars, with or without a carriage return before it. Fields may have any length.

Polars takes a row that ends too early for one whose last values are empty. So rows that are too short are counted in
blocks, as fast as the file is read; only when something is wrong does the slow reader name the line.

Ids have up to 256 characters: Amazon Personalize API reference, PutEvents. ``./broker backfill`` strips blanks, so
with them one id would be two here and one there. A NUL breaks the CSV of an import.
"""

import csv
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from broker.values.ids import is_no_id, is_rounded, whole_number
from broker.values.times import Unit, unit_of

from personalize_data.errors import BadFile
from personalize_data.files import UNREADABLE, Moved, check_whole, text, unreadable
from personalize_data.files import opened as opened_bytes
from personalize_data.ids import has_control_character, rounded, two_ways
from personalize_data.quotas import MAX_ID_LENGTH

UNITS = ((10**8, "small numbers"), (10**11, "seconds"), (10**14, "milliseconds"), (10**17, "microseconds"))
FINEST = "nanoseconds"
TIME, TYPE = "TIMESTAMP", "EVENT_TYPE"
MOST_DIGITS = 30
BLOCK = 4_194_304  # bytes
TRIES = 100
_QUOTED = re.compile(rb'"[^"]*"')
MADE = "./broker prepare makes seconds of it"
EXCEL_DAYS = (36_526, 73_051)  # from 2000 until 2100
ID_COLUMNS = ("USER_ID", "ITEM_ID")
SHOWN = 40
DELIMITERS = ",;\t|"
HEAD = 1 << 16  # bytes in which there is a line end
QUOTE = (
    "a quote is not closed, or stands within a value: such a value is put in quotes, and those within it are doubled"
)
RETURN = "a carriage return stands within a value: put the value in quotes, or take it out"
NOT_UTF8 = "save it as a CSV in UTF-8, or name its encoding to ./broker prepare or backfill, as in --encoding latin-1"
# Half characters, which stand for bytes that are not UTF-8, and what other encodings have between letters.
_HALF = re.compile(r"[\ud800-\udfff]")
_DATA = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}.*")
_NO_TEXT = re.compile(r"[\ud800-\udfff\x00-\x08\x0e-\x1f]")
Row = tuple[int, list[str], str | None]


def unit(time: int) -> str:
    """Return the unit in which a number is a plausible time: seconds from 1973 to the year 5138."""
    return next((name for bound, name in UNITS if time < bound), FINEST)


class CsvReader:
    """An open CSV: its ``header``, its ``delimiter``, and its rows, once."""

    def __init__(
        self,
        name: Path | str,
        file: BinaryIO,
        delimiter: str | None,
        encoding: str | None = None,
        columns: Sequence[str] = (),
    ) -> None:
        """Read the header; without a ``delimiter`` it is the most frequent one in it. Raises BadFile.

        ``columns``: the names of a file whose first line is data.
        """
        self.name, self._encoding = name, encoding
        head = file.peek(HEAD)[:HEAD]  # type: ignore[attr-defined]
        if b"\r" in head[:-1] and b"\n" not in head:
            raise BadFile(name, "its lines end in carriage returns alone, as on old Macs: save it with other line ends")
        lines_: Iterator[str] = text(file, encoding)
        try:
            first = next(lines_, "").lstrip("\ufeff")  # the mark of Windows, twice where files were joined
        except UnicodeError as error:
            raise self._not_text(error) from None
        self.delimiter = delimiter or max(DELIMITERS, key=first.count)
        if columns:
            self.header = _given(name, first, self.delimiter, columns)
            lines_ = chain([first], lines_)
        else:
            self.header = _names(name, first, self.delimiter)
        self._above = 0 if columns else 1  # lines above the rows
        self._reader = csv.reader(lines_, delimiter=self.delimiter, strict=True)

    def rows(self) -> Iterator[Row]:
        """Yield each row: its first line, its fields, and what is wrong with its form, if anything is.

        An empty line is a row without fields. Raises BadFile with the line up to which a broken gzip file can be read,
        and where a quote that is not closed takes in further lines: it would hide their rows.
        """
        reader, width, above = self._reader, len(self.header), self._above
        line = above + 1
        more = True
        while more:
            try:
                for fields in reader:
                    last = reader.line_num + above
                    if last > line and _hides_rows(fields, width, self.delimiter):
                        raise BadFile(self.name, QUOTE, line)
                    if fields and len(fields) != width:
                        yield line, fields, f"a broken row: {len(fields)} columns, where the header has {width}"
                    else:
                        yield line, fields, None
                    line = last + 1
                more = False
            except csv.Error as error:
                last = reader.line_num + above
                if last > line:
                    raise BadFile(self.name, QUOTE, line) from None
                yield line, [], RETURN if "new-line" in str(error) else QUOTE
                line = last + 1
            except UNREADABLE as error:
                raise unreadable(self.name, error, reader.line_num + above + 1) from None
            except UnicodeError as error:
                raise self._not_text(error) from None

    def _not_text(self, error: UnicodeError) -> BadFile:
        byte = f": byte {error.object[error.start]:#04x}" if isinstance(error, UnicodeDecodeError) else ""
        return BadFile(self.name, f"it is not text in {self._encoding}{byte}")


def _names(name: Path | str, first: str, delimiter: str) -> list[str]:
    """Return the columns' names. Raises BadFile, also for a name that comes twice, as an import would."""
    if not first:
        raise BadFile(name, "it is empty")
    if _NO_TEXT.search(first):
        raise BadFile(name, f"its header is not text in UTF-8: {NOT_UTF8}", 1)
    if first.lstrip('"').lower().startswith("sep="):
        raise BadFile(name, "a spreadsheet's sep= stands before the header: take the line out, it is not needed", 1)
    try:
        (names,) = csv.reader([first], delimiter=delimiter, strict=True)
    except csv.Error:
        reason = "a quote in the header is not closed, or a name breaks over two lines: write each name in one line"
        raise BadFile(name, reason, 1) from None
    if not any(column.strip() for column in names):
        raise BadFile(name, "it begins with an empty line; a CSV begins with a header", 1)
    twice = [column for column in dict.fromkeys(names) if names.count(column) > 1]
    if twice:
        raise BadFile(name, f"the header names {', '.join(map(shown, twice))} twice", 1)
    return names


def _given(name: Path | str, first: str, delimiter: str, columns: Sequence[str]) -> list[str]:
    """Return the names that were given for the columns of the first line. Raises BadFile where it has another number.

    A line that csv can't read is left to the reader of rows.
    """
    try:
        (fields,) = csv.reader([first], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return list(columns)
    if len(fields) != len(columns):
        raise BadFile(name, f"--columns names {len(columns)} columns, and the first line has {len(fields)}", 1)
    return list(columns)


def first_line_note(header: Sequence[str], command: str = "") -> str:
    """Return an addition to the message about a missing column where the header looks like data.

    ``command``: the one that reads such a file, where this one does not.
    """
    if not any(_DATA.fullmatch(name.strip()) for name in header):
        return ""
    option = f"{command} --columns a,b,c".strip()
    return f"; the first line looks like data: {option} names the columns of a file without a header"


def separator_note(header: Sequence[str]) -> str:
    """Return an addition to the message about a missing column where a header, read with commas, has other ones."""
    if len(header) != 1:
        return ""
    [name] = header
    other = max(DELIMITERS, key=name.count)
    return f"; the columns are separated by {other!r}, not by a comma" if other in name else ""


def _hides_rows(fields: Sequence[str], width: int, delimiter: str) -> bool:
    """Return whether a row over several lines is several rows: a quote that was part of a value hides their ends.

    It is if the row is broken, and one of its lines has all columns. If it is whole, but each of its lines has all
    columns, and half of these look alike in all lines, the quotes only happen to pair up.
    """
    lines_ = delimiter.join(fields).split("\n")
    with_all = [line.count(delimiter) == width - 1 for line in lines_]
    if len(fields) != width:
        return any(with_all)
    if width < 3 or not all(with_all):
        return False
    columns = zip(*(line.split(delimiter) for line in lines_), strict=True)
    return 2 * sum(len(set(map(_shape, column))) == 1 for column in columns) >= width


def _shape(text: str) -> str:
    """Return the form of an id: ``u17`` and ``c2`` have the same, ``17 Main Street`` has another."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def check_quotes(path: Path, rows: int, delimiter: str = ",", encoding: str | None = None) -> None:
    """Raise BadFile where a quote that is not closed hides rows. ``rows``: how many another reader has found."""
    if any(b'"' in block for block in _blocks(path)) and rows + 1 != _lines(path):
        with opened(path, delimiter=delimiter, encoding=encoding) as reader:
            for _ in reader.rows():
                pass


def _lines(path: Path) -> int:
    line_ends, last = 0, b"\n"
    for block in _blocks(path):
        line_ends, last = line_ends + block.count(b"\n"), block[-1:]
    return line_ends + (last != b"\n")


def _blocks(path: Path) -> Iterator[bytes]:
    with opened_bytes(path) as file:
        while block := file.read(BLOCK):
            yield block


@contextmanager
def opened(
    path: Path,
    name: Path | str = "",
    moved: Moved | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    columns: Sequence[str] = (),
) -> Iterator[CsvReader]:
    """Open a CSV, plain or gzip. Raises BadFile, which calls it ``name``.

    ``moved`` gets the bytes read of the file so far; without a ``delimiter`` the first line decides. ``encoding``:
    default UTF-8; ``columns``: the names of a file without a header.
    """
    with opened_bytes(path, name, moved) as file, _fields_of_any_length():
        yield CsvReader(name or path, file, delimiter, encoding, columns)


def header(path: Path) -> list[str]:
    """Return the names of the columns of a CSV with commas. Raises BadFile."""
    with opened(path, delimiter=",") as reader:
        return reader.header


def find(
    path: Path,
    needed: Sequence[str],
    newest: float = math.inf,
    delimiter: str = ",",
    otherwise: str = "it can't be read as CSV",
) -> BadFile:
    """Return what is wrong with the first row that is: its form, a missing value, an id, or its TIMESTAMP.

    ``needed``: columns that may not be empty; ``newest``: epoch seconds, after which no time can be; ``otherwise``: the
    reason where no row is to blame.
    """
    error = first(path, needed, newest, delimiter)
    if error is None and (line := _odd_quote(path, delimiter)):
        return BadFile(path, QUOTE, line)
    return error or BadFile(path, otherwise)


def first(path: Path, needed: Sequence[str], newest: float = math.inf, delimiter: str = ",") -> BadFile | None:
    """Return the same as ``find``, or None if nothing is wrong."""
    try:
        with opened(path, delimiter=delimiter) as reader:
            problem = _first(reader, needed, newest)
        if problem:
            check_whole(path)
    except BadFile as error:  # of the bytes
        return error
    return problem


def second(path: Path, column: str) -> BadFile:
    """Return what is wrong with the first row whose id another row has already; 17850.0 is 17850."""
    first_lines: dict[str, int] = {}
    with opened(path, delimiter=",") as reader:
        for line, row in _rows(reader):
            if isinstance(row, str):
                return BadFile(path, row, line)
            own_id = whole_number(row[column]) or row[column]
            if is_no_id(own_id):
                continue
            first_line = first_lines.setdefault(own_id, line)
            if first_line != line:
                problem = f"{column} {own_id} comes more than once: line {first_line} has it, too"
                return BadFile(path, problem, line)
    return BadFile(path, f"an {column} comes more than once")


def line_of(path: Path, row: int) -> int:
    """Return the line of a row, counted from 0."""
    with opened(path, delimiter=",") as reader:
        return next(islice(reader.rows(), row, None))[0]


def two_forms(path: Path, column: str, number: str) -> BadFile:
    """Return what is wrong with a column that has both 17850.0 and 17850, which is ``number``."""
    lines_: dict[str, int] = {}
    with opened(path, delimiter=",") as reader:
        for line, row in _rows(reader):
            if not isinstance(row, str) and (whole_number(row[column]) or row[column]) == number:
                lines_.setdefault(row[column], line)
    fraction = next(text for text in lines_ if text != number)
    return BadFile(path, two_ways(column, fraction, number, f"line {lines_[number]}"), lines_[fraction])


def _first(reader: CsvReader, needed: Sequence[str], newest: float) -> BadFile | None:
    times = _WholeSeconds(newest)
    for line, row in _rows(reader):
        if isinstance(row, str):
            return BadFile(reader.name, row, line)
        if any(is_no_id(row[name]) for name in needed if name in ID_COLUMNS):
            continue  # left out and counted
        reason = _missing(row, needed) or _wrong_text(row, needed)
        if reason is None and TIME in needed:
            reason = times.wrong(row[TIME].strip(), line)
        if reason:
            return BadFile(reader.name, reason, line)
    if times.first and (reason := times.other_unit()):
        return BadFile(reader.name, reason, times.first[0])
    return None


class _WholeSeconds:
    """What is wrong with a column of times that should be whole seconds since 1970."""

    def __init__(self, newest: float) -> None:
        self.first: tuple[int, int] | None = None  # line and time
        self._newest = newest
        self._days = True

    def wrong(self, text: str, line: int) -> str | None:
        """Return what is wrong with the next time, or None."""
        if not _is_whole(text):
            return f"TIMESTAMP {shown(text)} is not a whole number of seconds since 1970{_other_kind(text)}: {MADE}"
        time = int(text)
        first_line, first = self.first = self.first or (line, time)
        if unit(time) != unit(first):
            kinds = f"{text} looks like {unit(time)}, {first} (line {first_line}) like {unit(first)}"
            return f"TIMESTAMP is in mixed units: {kinds}"
        if unit(time) == "seconds" and time > self._newest:
            return f"TIMESTAMP {text} is in the future: {_day(time)}"
        self._days = self._days and EXCEL_DAYS[0] <= time < EXCEL_DAYS[1]
        return None

    def other_unit(self) -> str | None:
        """Return what is wrong with all times together, or None."""
        _, first = self.first or (0, 0)
        if self._days:
            return f"TIMESTAMP {first} is in {Unit.EXCEL_DAYS.label}: {MADE}"
        if unit(first) in ("seconds", "small numbers"):
            return None
        return f"TIMESTAMP {first} is in {unit(first)}; seconds since 1970 are needed: {MADE}"


def _other_kind(text: str) -> str:
    """Return what a time may be that is not a whole number, if it is a number."""
    if is_rounded(text):
        return ": a spreadsheet has rounded it"
    try:
        kind = unit_of(float(text))
    except (ValueError, OverflowError):
        return ""
    return f", but may be {kind.label}" if kind else ""


def _day(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS


def _rows(reader: CsvReader) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield each row that is not empty: its first line, and its fields or what is wrong with its form."""
    for line, fields, reason in reader.rows():
        if reason:
            yield line, reason
        elif _HALF.search("".join(fields)):
            yield line, f"not UTF-8: {NOT_UTF8}"
        elif any(fields):
            yield line, dict(zip(reader.header, fields, strict=True))


def _odd_quote(path: Path, delimiter: str) -> int | None:
    """Return the line of the first row with an odd number of quotes in a field, which readers take in several ways."""
    with opened(path, delimiter=delimiter) as reader:
        for line, fields, _ in reader.rows():
            if any(field.count('"') % 2 for field in fields):
                return line
    return None


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    """Lift the csv module's limit of a field's length, which polars does not have."""
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
    """Raise BadFile for the first row that has not as many columns as the header. ``needed``: see ``find``."""
    if columns > 1 and not surely_even(path, columns):
        reason = first(path, needed)
        if reason:
            raise reason


def surely_even(path: Path, columns: int, delimiter: str = ",") -> bool:
    """Return True if no row is too short; False if one is, or where quotes are too odd to tell."""
    rest, mark = b"", delimiter.encode()
    with opened_bytes(path) as file:
        while block := file.read(BLOCK):
            rest += block
            end = _end_of_whole_rows(rest)
            if end is None or not _even(rest[:end], columns, mark):
                return False
            rest = rest[end:]
    return rest.count(b'"') % 2 == 0 and _even(rest + b"\n", columns, mark)


def _end_of_whole_rows(data: bytes) -> int | None:
    """Return the position after the last line break that is not within quotes; None where that is hard to tell."""
    end = data.rfind(b"\n") + 1
    for _ in range(TRIES):
        if data.count(b'"', 0, end) % 2 == 0:
            return end
        end = data.rfind(b"\n", 0, data.rfind(b'"', 0, end)) + 1
    return None


def _even(rows: bytes, columns: int, mark: bytes) -> bool:
    if b'"' in rows:
        rows = _QUOTED.sub(b"", rows)
    if rows.count(mark) == rows.count(b"\n") * (columns - 1):
        return True
    return all(row.count(mark) == columns - 1 for row in rows.split(b"\n") if row.strip())


def wrong(name: str, text: str) -> str | None:
    """Return what is wrong with the text of a column, or None."""
    if not text.strip():
        return f"{name} is blank" if text else f"no {name}"
    if text != text.strip():
        return f"{name} {shown(text)} has blanks around it: an import takes it without them, so it would be another id"
    if len(text) > MAX_ID_LENGTH:
        return f"{name} has {len(text):,} characters; Personalize takes up to {MAX_ID_LENGTH}"
    if has_control_character(text):
        return f"{name} {shown(text)} holds a control character"
    return rounded(name, text) if name in ID_COLUMNS and is_rounded(text) else None


def shown(text: str) -> str:
    """Return a text in quotes, cut to one short line."""
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}…"
