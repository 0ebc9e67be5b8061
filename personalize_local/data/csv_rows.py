"""Reads CSV from a stream of bytes, row by row, each with its first line's number; any bytes are handled.

Source of the format: Amazon Personalize Developer Guide, "Preparing training data", bulk data format guidelines. In
addition a byte order mark, CRLF, blank lines and line breaks within quotes are accepted.
"""

import csv
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from personalize_local.data.cells import BadCell

MAX_LINE = 1_048_576  # bytes
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
# The csv module's message → the cause in the file.
CAUSES = {
    "unexpected end of data": "a quote is opened and never closed",
    "field larger": "a value is too long (perhaps a quote is never closed)",
    "expected after": "a quote stands within a quoted value; it must be doubled",
    "new-line character": "a carriage return stands within a row",
}

Row = tuple[int, list[str]]
"""The number of the line that the row starts on, and its values."""


class BadLine(ValueError):
    """An invalid line and the reason. The reason is shown and logged, so it holds no value of the file."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")


def read_table(stream: BinaryIO, names: Sequence[str], add: Callable[[list[str]], object]) -> int:
    """Check that the header has these names, then call ``add`` with each row's values, one per name.

    Returns the number of rows. Raises BadLine, also where ``add`` raises BadCell.
    """
    rows = _rows(stream)
    line, header = next(rows, (1, []))
    _check_header(line, header, names)
    count, width = 0, len(names)
    for line, row in rows:
        if len(row) != width:
            raise BadLine(line, f"{len(row)} values instead of {width}")
        try:
            add(row)
        except BadCell as error:
            raise BadLine(line, str(error)) from error
        count += 1
    return count


def _rows(stream: BinaryIO) -> Iterator[Row]:
    reader = csv.reader(_lines(stream), strict=True)
    start = 1
    try:
        for row in reader:
            if row:
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        cause = next((cause for phrase, cause in CAUSES.items() if phrase in str(error)), str(error))
        raise BadLine(start, cause) from error


def _lines(stream: BinaryIO) -> Iterator[str]:
    for number in itertools.count(1):
        line = stream.readline(MAX_LINE + 1)
        if not line:
            return
        if number == 1 and line.startswith(GZIP):
            raise BadLine(1, "the file is compressed with gzip; it must be plain CSV")
        if len(line) > MAX_LINE:
            raise BadLine(number, f"longer than {MAX_LINE} bytes")
        text = _decoded(number, line)
        if number == 1:
            _check_first(text)
        yield text


def _check_first(text: str) -> None:
    """Check that the header is in the first line and not in quotes (Developer Guide)."""
    if not text.strip():
        raise BadLine(1, "it is blank, and must be the header")
    if '"' in text:
        raise BadLine(1, "the header must not contain quotes")


def _decoded(number: int, line: bytes) -> str:
    try:
        text = (line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line).decode()
    except UnicodeDecodeError as error:
        raise BadLine(number, "not UTF-8") from error
    if "\0" in text:
        raise BadLine(number, "a NUL byte")
    return text


def _check_header(line: int, header: list[str], names: Sequence[str]) -> None:
    if not header:
        raise BadLine(line, f"the file is empty; its first line must be {','.join(names)}")
    if header == list(names):
        return
    if not set(header) & set(names):  # likely data, which must not be shown
        raise BadLine(line, f"no header; the first line must be {','.join(names)}")
    wrong = {
        "twice": [name for name in dict.fromkeys(header) if header.count(name) > 1],
        "missing": [name for name in names if name not in header],
        "not in the schema": [name for name in header if name not in names],
    }
    problems = [
        f"{problem}: {', '.join(_shown(name) for name in columns[:10])}"
        for problem, columns in wrong.items()
        if columns
    ]
    raise BadLine(line, f"the header must be {','.join(names)}; {'; '.join(problems) or 'the order is another'}")


def _shown(name: str) -> str:
    return name if name.isidentifier() and len(name) <= 64 else ascii(name[:64])
