"""Flat JSON objects, one a line, read by orjson wherever it is sure to lose no value and to change no number.

What orjson writes of an object has to be the line, but for blanks between members: then each name stands there once,
and each number as orjson writes it. All other lines are left to ``json_rows``.
"""

import contextlib
import json
import re
from collections.abc import Sequence
from typing import Any

import orjson
import polars as pl

from personalize_data.prepare.formats.blocks import Cells

_EXPONENT = re.compile(rb"[0-9][eE]")
_ENCODER = json.JSONEncoder(separators=(",", ":"))  # which escapes all letters that are not ASCII
_NESTED = dict, list


def rows(lines: Sequence[bytes]) -> list[Cells | None]:
    """Return the values of each line, which has no blanks around it; None for a line that is left to ``json_rows``."""
    try:
        read = list(map(orjson.loads, lines))
        written = b"\n".join(map(orjson.dumps, read))
    except (ValueError, TypeError):
        return list(map(_row, lines))
    joined = b"\n".join(lines)
    is_sure = _are_flat(read, joined) and written in (joined, _dense(joined))
    return read if is_sure else list(map(_row, lines))


def column(name: str, values: Sequence[Any]) -> pl.Series:
    """Return values of rows, or texts of numbers in their place, as a column of text."""
    kinds = set(map(type, values))
    if kinds == {float}:
        return pl.Series(name, list(map(_of_number, values)), pl.String)
    if kinds == {int}:
        with contextlib.suppress(OverflowError, TypeError):  # beyond 64 bits with a sign
            return pl.Series(name, values, pl.Int64).cast(pl.String)
    is_text = kinds <= {str, type(None)}
    return pl.Series(name, values if is_text else list(map(_text, values)), pl.String)


def _text(value: str | float | bool | None) -> str | None:
    """Return a value of a row as the text that the line had; ``true`` and ``false`` in small letters."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _of_number(value)
    return value if value is None or isinstance(value, str) else str(value)


def _of_number(value: float) -> str:
    shortest = repr(value)
    return shortest if "e" not in shortest else orjson.dumps(value).decode()


def _are_flat(read: Sequence[Any], joined: bytes) -> bool:
    """Return whether all are objects without lists and objects in them, none of which could be a batch."""
    has_no_others = joined.count(b"{") == len(read) and b"[" not in joined and b'"events"' not in joined
    return has_no_others and set(map(type, read)) == {dict}


def _row(line: bytes) -> Cells | None:
    try:
        read = orjson.loads(line)
        written = orjson.dumps(read)
    except (ValueError, TypeError):
        return None
    if type(read) is not dict or "events" in read or any(type(value) in _NESTED for value in read.values()):
        return None
    dense = _dense(line)
    is_sure = written in (line, dense) or (_ENCODER.encode(read).encode() == dense and not _EXPONENT.search(line))
    return read if is_sure else None


def _dense(lines: bytes) -> bytes:
    """Return lines without blanks between members. Where that changes a string, they are not what is written."""
    return lines.replace(b'": ', b'":').replace(b', "', b',"')
