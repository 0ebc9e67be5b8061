"""What producers make of a batch before they put it: gzip, and aggregates of the Kinesis Producer Library."""

import base64
import gzip
import hashlib
import json
from typing import Any

MAGIC = b"\xf3\x89\x9a\xc2"


def joined(*documents: Any) -> bytes:
    """Return documents one after the other, as Firehose writes mParticle's."""
    return "".join(map(json.dumps, documents)).encode()


def base64_twice(document: Any) -> bytes:
    """Return what stands in a record whose sender encoded it, since Kinesis' data is base64."""
    return base64.b64encode(json.dumps(document).encode())


def packed(document: Any) -> bytes:
    """Return a document as gzip, with the same bytes each time."""
    return gzip.compress(json.dumps(document).encode(), mtime=0)


def aggregated(*contents: bytes) -> bytes:
    """Return an aggregate of records, with one partition key and a tag."""
    records = [b"\x08\x00" + _field(3, content) + _field(4, b"\x0a\x01t") for content in contents]
    message = _field(1, b"key") + b"".join(_field(3, record) for record in records)
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)
