"""How the bytes of a stream record become JSON documents, or reasons why they do not.

A record may be gzip, or an aggregate of the Kinesis Producer Library. Its text is one document, an array of them, one a
line, or documents joined without anything between them, as mParticle's Firehose output has them.
"""

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from broker import kpl
from broker.consent import REPEATED
from broker.json_values import mapping
from broker.reasons import QuarantineReason
from broker.values.ids import int64_from_json

MAX_PARTS = 10_000  # of a record: batches, events and products; one of mParticle's own batches holds far fewer
MAX_DEPTH = 500  # of a document: objects and arrays within each other
MAX_UNPACKED = 10 * 2**20  # bytes of a record when it is unpacked: no more than the largest that Kinesis takes
GZIP = b"\x1f\x8b"
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MAX_MEMBERS = 100  # of one gzip: what follows a member is copied each time
_BETWEEN = re.compile(r"[ \t\r\n\ufeff]*")
QuickReader = Callable[[bytes], dict[str, Any] | None]
_BASE64 = re.compile(r"\s*[A-Za-z0-9+/\r\n]{16,}={0,2}\s*")


@dataclass(frozen=True)
class BadBatch:
    """A part of a record that can never be read. ``detail`` says where; it never repeats any of the content."""

    reason: QuarantineReason
    detail: str = ""


def unpack(data: bytes) -> list[bytes] | BadBatch:
    """Return the texts in a record's bytes: one, or those of an aggregate. Never raises.

    What is packed has at most 10 MiB when it is unpacked.
    """
    try:
        packed = list(islice(kpl.user_records(data), MAX_PARTS + 1)) if kpl.is_aggregate(data) else [data]
        if len(packed) > MAX_PARTS:
            return BadBatch(QuarantineReason.TOO_LARGE, f"over {MAX_PARTS} records in an aggregate")
        return _without_gzip(packed)
    except kpl.BadAggregate as error:
        return BadBatch(QuarantineReason.CANNOT_UNPACK, f"an aggregate: {error}")
    except zlib.error:
        return BadBatch(QuarantineReason.CANNOT_UNPACK, "gzip: cut off or changed")
    except _TooLarge:
        return BadBatch(QuarantineReason.TOO_LARGE, f"over {MAX_UNPACKED} bytes when unpacked")


def documents(texts: Sequence[bytes], quick: QuickReader | None = None) -> list[Any]:
    """Return the documents in unpacked texts, in order, a BadBatch in place of each that is not JSON. Never raises.

    ``quick``: returns the one object that a text is, as this module would read it, or None where it is not sure to.
    """
    found: list[Any] = []
    for text in texts:
        document = quick(text) if quick else None
        found += _documents(text) if document is None else [document]
        if len(found) > MAX_PARTS:
            break
    if not found:
        return [BadBatch(QuarantineReason.NOT_JSON, "an aggregate of no record")]
    # A part has two bytes at least: nearly all texts are too short to have so many.
    if sum(map(len, texts)) > 2 * MAX_PARTS and _is_too_large(
        found
    ):  # ten bytes are a product, and a product costs a thousand: more than the function has
        return [BadBatch(QuarantineReason.TOO_LARGE, f"over {MAX_PARTS} batches, events and products")]
    return found


def one_document_each(data: bytes) -> Iterator[bytes]:
    """Yield the JSON documents that stand one after the other in a text of any length, each as it is written.

    What is not JSON ends the list, and is its last part as it is.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield data
        return
    place = _after(text, 0)
    while place < len(text):
        begin = place
        try:
            _, place = _PLAIN.raw_decode(text, place)
        except (ValueError, RecursionError):
            place = len(text)
        yield text[begin:place].encode()
        place = _after(text, place)


def is_batch(document: object) -> bool:
    """Return whether a document is an mParticle batch, perhaps one without a readable event."""
    if not isinstance(document, dict):
        return False
    events = document.get("events", _MISSING)
    if isinstance(events, list):
        return True
    if events is not _MISSING and events is not None:
        return False
    return (
        events is None or int64_from_json(document.get("mpid")) is not None or document.get("message_type") == "events"
    )


_MISSING = object()


class _TooLarge(Exception):
    pass


def _without_gzip(packed: Iterable[bytes]) -> list[bytes]:
    """Return texts, unpacked where they are gzip. Raises zlib.error and _TooLarge."""
    room, texts = MAX_UNPACKED, []
    for one in packed:
        texts.append(_gunzip(one, room) if one.startswith(GZIP) else one)
        room -= len(texts[-1])
    return texts


def _gunzip(data: bytes, room: int) -> bytes:
    texts = []
    for _ in range(_MAX_MEMBERS):
        unpacker = zlib.decompressobj(_GZIP_FORMAT)
        texts.append(unpacker.decompress(data, max(room, 0) + 1))
        room -= len(texts[-1])
        if room < 0:
            raise _TooLarge
        if not unpacker.eof:
            raise zlib.error("cut off")
        data = unpacker.unused_data.lstrip(b"\0")  # gzip may be padded
        if not data:
            return b"".join(texts)
    raise _TooLarge


def _documents(data: bytes) -> list[Any]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        utf_16 = ": it begins as UTF-16" if data.startswith(_UTF16) else ""
        return [BadBatch(QuarantineReason.NOT_UTF8, f"byte {error.start}{utf_16}")]
    joined, broken = _joined(text)
    if broken is None:
        return joined
    if _is_base64(text):
        return [BadBatch(QuarantineReason.BASE64_TWICE, "Kinesis encodes records: put the bytes as they are")]
    if text.count("\n") >= MAX_PARTS:
        return [BadBatch(QuarantineReason.TOO_LARGE, f"over {MAX_PARTS} lines")]
    # A broken, pretty-printed batch is one bad batch, not one per line: only lines that are batches make it lines.
    found = (_lines(text), [*joined, broken])
    return next((one for one in found if any(map(is_batch, one))), [broken])


def _lines(text: str) -> list[Any]:
    found: list[Any] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and len(found) <= MAX_PARTS:
            joined, broken = _joined(line, number)
            found += joined if broken is None else [*joined, broken]
    return found


def _joined(text: str, first_line: int = 1) -> tuple[list[Any], BadBatch | None]:
    """Return the documents that stand one after the other in a text, and what is wrong with the rest, if anything is.

    Objects and arrays may be joined; the members of an array count as documents. Of more documents than a record may
    have, the rest is left out.
    """
    place, found = _after(text, 0), list[Any]()
    if place == len(text):
        return found, BadBatch(QuarantineReason.NOT_JSON, "empty")
    decoder = _decoder(text)
    try:
        while place < len(text) and len(found) <= MAX_PARTS:
            begin = place
            document, end = decoder.raw_decode(text, place)
            _check_depth(document, text, place, end)
            place = _after(text, end)
            if not isinstance(document, dict | list) and (found or place < len(text)):
                raise json.JSONDecodeError("Extra data", text, begin if found else place)  # noqa: TRY301
            found += document if isinstance(document, list) and document else [document]
    except json.JSONDecodeError as error:
        where = f"line {first_line + error.lineno - 1} column {error.colno}"
        return found, BadBatch(QuarantineReason.NOT_JSON, where)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; nesting without end
        return found, BadBatch(QuarantineReason.NOT_JSON, type(error).__name__)
    return found, None


def _check_depth(document: object, text: str, begin: int, end: int) -> None:
    """Raise RecursionError for a document that is nested too deep.

    Python itself has a limit that depends on its version, and on how deep the caller is.
    """
    if text.count("{", begin, end) + text.count("[", begin, end) <= MAX_DEPTH:
        return
    if isinstance(document, list) and len(document) > MAX_PARTS:  # too large, however deep
        return
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        # Of a repeated name, a tuple has its value.
        within = (one.values() if isinstance(one, dict) else one for one in level)
        level = [member for members in within for member in members if isinstance(member, dict | list | tuple)]
        if not level:
            return
    raise RecursionError


def _after(text: str, place: int) -> int:
    match = _BETWEEN.match(text, place)
    return match.end() if match else place


def _object(members: list[tuple[str, Any]]) -> dict[Any, Any]:
    """Return a JSON object. Of a repeated name the last value counts; ``REPEATED`` has all values, for consent."""
    values: dict[Any, Any] = dict(members)
    return values if len(values) == len(members) else values | {REPEATED: members}


_PLAIN = json.JSONDecoder(parse_constant=float)
_WITH_REPEATED = json.JSONDecoder(parse_constant=float, object_pairs_hook=_object)


def _decoder(text: str) -> json.JSONDecoder:
    """Return the reader for a text: the slow one, which keeps repeated names, where their values may be answers."""
    folded = text.casefold()
    is_escaped = "\\" in folded and "\\u" in folded  # an escape may hide any character; the first test is much quicker
    may_answer = "consent_state" in folded or "opt_out" in folded or is_escaped
    return _WITH_REPEATED if may_answer else _PLAIN


def _is_base64(text: str) -> bool:
    """Return whether a text is base64 of JSON, gzip or an aggregate: its sender encoded it before Kinesis did."""
    if not _BASE64.fullmatch(text):
        return False
    first = "".join(text[:64].split())
    begin = base64.b64decode(first[: len(first) // 4 * 4])
    return begin.lstrip().startswith((b"{", b"[", GZIP, kpl.MAGIC))


def _is_too_large(found: list[Any]) -> bool:
    parts = len(found)
    for document in found if parts <= MAX_PARTS else ():
        events = mapping(document).get("events")
        for event in events if isinstance(events, list) else ():
            products = mapping(mapping(mapping(event).get("data")).get("product_action")).get("products")
            parts += 1 + (len(products) if isinstance(products, list) else 0)
            if parts > MAX_PARTS:
                return True
    return parts > MAX_PARTS
