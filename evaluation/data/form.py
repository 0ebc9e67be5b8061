"""Whether every row of a CSV has as many columns as its header: counted in blocks, as fast as the file is read.

The fast reader takes a row that ends too early for one whose last values are empty, and one that is too long for
broken: so only rows that are too short are looked for here.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from evaluation.data import broken
from evaluation.data.opening import opened

BLOCK = 4_194_304  # bytes
TRIES = 100
_QUOTED = re.compile(rb'"[^"]*"')


def check(path: Path, columns: int, needed: Sequence[str]) -> None:
    """Raise BadFile for the first row that has not as many columns as the header. ``needed``: see ``broken.find``."""
    if columns > 1 and not surely_even(path, columns):
        reason = broken.first(path, needed)
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
