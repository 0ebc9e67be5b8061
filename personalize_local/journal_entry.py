"""One accepted request as the journal keeps it, and the lines of the journal's files.

A line is a checksum of eight hexadecimal digits, a blank, and a JSON array. What a crash leaves of the last line has
not been acknowledged.
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from personalize_local.region import DEFAULT

HEADER = b"personalize-local journal 3\n"
_COMPACT = json.JSONEncoder(separators=(",", ":"))


class Damaged(Exception):
    """A line in the middle of a file has another checksum than its content."""


class JournalEntry(NamedTuple):
    """One request: its time, operation, content, the ids and lags that it drew, and its region, in a line's order."""

    at: float
    operation: str
    request: Mapping[str, Any]
    drawn: Sequence[Any]
    region: str = DEFAULT


def encode(entry: JournalEntry) -> bytes:
    """Return an entry as a line."""
    text = _COMPACT.encode(entry).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def decode(line: bytes) -> JournalEntry:
    """Return the entry of a valid line."""
    return JournalEntry(*json.loads(line[9:]))


def valid_lines(content: bytes) -> Iterator[bytes]:
    """Yield the lines after the header up to the first one that is not whole. Raises Damaged if a whole one follows."""
    if not content.startswith(HEADER):
        if content and not HEADER.startswith(content):
            raise Damaged("it does not begin as a journal of this version")
        return
    lines = content.split(b"\n")[1:]
    for place, line in enumerate(lines):
        if not _whole(line):
            if any(map(_whole, lines[place + 1 :])):
                raise Damaged(f"line {place + 2} is damaged")
            return
        yield line + b"\n"


def _whole(line: bytes) -> bool:
    return len(line) > 9 and line[:8] == b"%08x" % zlib.crc32(line[9:])
