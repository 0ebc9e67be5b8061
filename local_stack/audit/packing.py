"""The JSON documents in a stream record's bytes: a second, independent reading of what the broker accepts.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

AGGREGATE, PACKED = bytes.fromhex("f3899ac2"), bytes.fromhex("1f8b")


def documents(data: bytes, is_batch: Callable[[Any], bool]) -> list[Any]:
    """Return a record's documents: one, the items of arrays, one per line, or joined ones; None if unreadable."""
    try:
        return [document for text in _texts(data) for document in _in_text(text, is_batch)] or [None]
    except (ValueError, EOFError, OSError, zlib.error):
        return [None]


def _texts(data: bytes) -> Iterator[str]:
    for part in _parts(data) if data[:4] == AGGREGATE else [data]:
        yield (gzip.decompress(part) if part[:2] == PACKED else part).decode("utf-8-sig")


def _parts(data: bytes) -> Iterator[bytes]:
    """Yield the records of an aggregate: field 3 of each field 3 between the magic number and the message's MD5."""
    message, checksum = data[4:-16], data[-16:]
    if hashlib.new("md5", message, usedforsecurity=False).digest() != checksum:
        raise ValueError("checksum")
    for record in (value for field, value in _message(message) if field == 3):
        yield next(value for field, value in _message(record) if field == 3)


def _message(data: bytes) -> Iterator[tuple[int, bytes]]:
    left = iter(data)
    for first in left:
        key = _number(first, left)
        amount = _number(next(left), left)  # a number itself, or how many bytes follow
        if key & 7 == 2:
            yield key >> 3, bytes(next(left) for _ in range(amount))
        elif key & 7:
            raise ValueError("field type")


def _number(first: int, left: Iterator[int]) -> int:
    return first if first < 128 else (first & 127) + 128 * _number(next(left), left)


def _in_text(text: str, is_batch: Callable[[Any], bool]) -> list[Any]:
    pieces = list(_pieces(text))
    if None not in pieces:
        return pieces
    by_line = [piece for line in text.split("\n") if line.strip() for piece in _pieces(line)]
    return next((found for found in (by_line, pieces) if any(map(is_batch, found))), [None])


def _pieces(text: str) -> Iterator[Any]:
    """Yield documents from the beginning of a text on; at what is none, None and no more."""
    left = text.strip(" \t\r\n\ufeff")
    whole = True
    while left or whole:
        try:
            document, end = json.JSONDecoder().raw_decode(left)
        except (ValueError, RecursionError):
            document, end = None, len(left)
        left = left[end:].lstrip(" \t\r\n\ufeff")
        if not isinstance(document, dict | list) and not (whole and not left):
            document, left = None, ""
        yield from document if isinstance(document, list) and document else [document]
        whole = False
