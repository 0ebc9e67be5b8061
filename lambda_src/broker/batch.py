"""How the bytes of a stream record become mParticle batches, or a reason why they do not.

The wire is looser than its reference: 64-bit integers come as numbers or as strings, anything may be missing or null,
and unknown fields are to be ignored (mParticle JSON reference).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from broker.consent import REPEATED, named, opts_out
from broker.json_values import int64, mapping, texts
from broker.reasons import QuarantineReason

YEAR_2000_MS = 946_684_800_000
DAY_MS = 86_400_000
MAX_PARTS = 10_000  # of a record: batches, events and products; one of mParticle's own batches holds far fewer


@dataclass(frozen=True)
class BadBatch:
    """A part of a record that can never be read. ``detail`` says where; it never repeats any of the content."""

    reason: QuarantineReason
    detail: str = ""


@dataclass(frozen=True)
class Event:
    """One well-formed event: its place in the batch's list, its type and its data object."""

    index: int
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """One user's events as mParticle forwards them.

    ``time_ms`` is the batch's own usable time, ``arrived_ms`` the stream's; both are epoch milliseconds.
    ``consent`` has the consent states that are not null: one object if all is well. ``opted_out``: an event is, or may
    be, an opt-out. ``recommendations`` is the list that the profile had when mParticle enriched the batch.
    """

    mpid: int | None
    environment: str | None
    events: tuple[Event, ...]
    malformed_events: int
    time_ms: int | None
    arrived_ms: int
    message_id: Any = None
    batch_id: Any = None
    consent: tuple[Any, ...] = ()
    opted_out: bool = False
    recommendations: tuple[str, ...] | None = None


def decode(data: bytes, arrived_ms: int) -> list[Batch | BadBatch]:
    """Return the batches of one record: a JSON object, an array of them, or one per line. Never raises."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [BadBatch(QuarantineReason.NOT_UTF8, f"byte {error.start}")]
    documents = _documents(text)
    if _is_too_large(documents):  # ten bytes are a product, and a product costs a thousand: more than the function has
        return [BadBatch(QuarantineReason.TOO_LARGE, f"over {MAX_PARTS} batches, events and products")]
    return [document if isinstance(document, BadBatch) else _batch(document, arrived_ms) for document in documents]


def usable_time(value: object, arrived_ms: int) -> int | None:
    """Return a time in epoch milliseconds; None if it is before 2000, or over a day after the record's arrival."""
    time_ms = int64(value)
    return time_ms if time_ms is not None and YEAR_2000_MS <= time_ms <= arrived_ms + DAY_MS else None


def _documents(text: str) -> list[Any]:
    whole = _parse(text)
    if not isinstance(whole, BadBatch):
        return whole if isinstance(whole, list) and whole else [whole]
    split = text.split("\n", MAX_PARTS)
    if len(split) > MAX_PARTS:
        return [BadBatch(QuarantineReason.TOO_LARGE, f"over {MAX_PARTS} lines")]
    lines = [_parse(line, number) for number, line in enumerate(split, 1) if line.strip()]
    # A broken, pretty-printed batch is one bad batch, not one per line: only lines that are batches make it lines.
    return lines if len(lines) > 1 and any(_is_batch(line) for line in lines) else [whole]


def _parse(text: str, first_line: int = 1) -> Any:
    if not text.strip():
        return BadBatch(QuarantineReason.NOT_JSON, "empty")
    try:
        return json.loads(text, parse_constant=float, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        return BadBatch(QuarantineReason.NOT_JSON, f"line {first_line + error.lineno - 1} column {error.colno}")
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; nesting without end
        return BadBatch(QuarantineReason.NOT_JSON, type(error).__name__)


def _object(members: list[tuple[str, Any]]) -> dict[Any, Any]:
    """Return a JSON object. Of a repeated name the last value counts; ``REPEATED`` has all values, for consent."""
    values: dict[Any, Any] = dict(members)
    return values if len(values) == len(members) else values | {REPEATED: members}


def _is_too_large(documents: list[Any]) -> bool:
    parts = len(documents)
    for document in documents if parts <= MAX_PARTS else ():
        events = mapping(document).get("events")
        for event in events if isinstance(events, list) else ():
            products = mapping(mapping(mapping(event).get("data")).get("product_action")).get("products")
            parts += 1 + (len(products) if isinstance(products, list) else 0)
            if parts > MAX_PARTS:
                return True
    return parts > MAX_PARTS


def _is_batch(document: object) -> bool:
    if not isinstance(document, dict):
        return False
    events = document.get("events", _MISSING)
    if isinstance(events, list):
        return True
    if events is not _MISSING and events is not None:
        return False
    return events is None or int64(document.get("mpid")) is not None or document.get("message_type") == "events"


_MISSING = object()


def _batch(document: object, arrived_ms: int) -> Batch | BadBatch:
    if not isinstance(document, dict) or not _is_batch(document):
        return BadBatch(QuarantineReason.NOT_A_BATCH)
    listed = document.get("events") or []
    events = tuple(_well_formed(listed))
    if listed and not events:
        return BadBatch(QuarantineReason.NO_WELL_FORMED_EVENT)
    environment = document.get("environment")
    return Batch(
        mpid=int64(document.get("mpid")),
        environment=environment.strip().lower() or None if isinstance(environment, str) else None,
        events=events,
        malformed_events=len(listed) - len(events),
        time_ms=usable_time(document.get("timestamp_unixtime_ms"), arrived_ms),
        arrived_ms=arrived_ms,
        message_id=document.get("message_id"),
        batch_id=document.get("batch_id"),
        consent=tuple(state for state in named(document, "consent_state") if state is not None),
        opted_out=any(map(opts_out, listed)),
        recommendations=texts(mapping(document.get("user_attributes")).get("product_recs")),
    )


def _well_formed(listed: list[Any]) -> Iterator[Event]:
    for index, event in enumerate(listed):
        if isinstance(event, dict) and isinstance(event.get("event_type"), str) and isinstance(event.get("data"), dict):
            yield Event(index, event["event_type"], event["data"])
