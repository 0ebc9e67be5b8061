"""Kinesis records that the Kinesis Producer Library (KPL) made of several: a protobuf message between magic and MD5.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import hashlib
from collections.abc import Iterator

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST = 16  # bytes of the MD5 of the message, at the end
_RECORDS, _DATA = 3, 3  # field numbers: the records of the aggregate, and the data of a record
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types: https://protobuf.dev/programming-guides/encoding/
_LONGEST_VARINT = 10  # bytes


class BadAggregate(ValueError):
    """An aggregate that is cut off or changed."""


def is_aggregate(data: bytes) -> bool:
    """Return whether a record begins as the KPL's aggregates do; no text in UTF-8 begins so."""
    return data.startswith(MAGIC)


def user_records(data: bytes) -> Iterator[bytes]:
    """Yield the data of each record in an aggregate. Raises BadAggregate, also where the MD5 differs."""
    message = data[len(MAGIC) : -_DIGEST]
    if hashlib.md5(message, usedforsecurity=False).digest() != data[-_DIGEST:]:
        raise BadAggregate("its MD5 differs")
    for number, record in _fields(message):
        if number == _RECORDS:
            found = [content for field, content in _fields(record) if field == _DATA]
            yield found[-1] if found else b""


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the fields that hold bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            _, place = _varint(message, place)
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise BadAggregate("a field of an unknown type")
        if place + size > len(message):
            raise BadAggregate("a field is cut off")
        if kind == _BYTES:
            yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Return a number of variable length, and the place after it."""
    number = 0
    for offset, byte in enumerate(message[place : place + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << 7 * offset
        if byte < 0x80:
            return number, place + offset + 1
    raise BadAggregate("a number is cut off")
