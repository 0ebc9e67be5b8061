"""How the documents of a stream record become mParticle batches, or a reason why they do not.

The wire is looser than its reference: 64-bit integers come as numbers or as strings, anything may be missing or null,
and unknown fields are to be ignored (mParticle JSON reference).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from broker.consent import named, opts_out
from broker.documents import BadBatch, QuickReader, documents, is_batch, unpack
from broker.json_values import mapping, texts
from broker.reasons import QuarantineReason
from broker.shapes import shape_of
from broker.values import ids, times

YEAR_2000_MS = 946_684_800_000
DAY_MS = 86_400_000

__all__ = ["BadBatch", "Batch", "Event", "batch_from", "batches", "decode", "usable_time"]


class Event(NamedTuple):
    """One well-formed event: its place in the batch's list, its type and its data object."""

    position: int
    type: str
    data: Mapping[str, Any]


class Batch(NamedTuple):
    """One user's events as mParticle forwards them.

    ``time_ms`` is the batch's own usable time, ``arrived_ms`` the stream's; both are epoch milliseconds.
    ``consent`` has the consent states that are not null: one object if all is well. ``opted_out``: an event is, or may
    be, an opt-out. ``recommendations`` is the list that the profile had when mParticle enriched the batch, empty where
    it had other attributes only, and None where mParticle sent none. An mpid that is unreadable and a time that is
    unusable are there, while a missing one is not. ``attributes`` are the user's, ``deleted_attributes`` the names of
    those that were taken away.
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
    has_unreadable_mpid: bool = False
    has_unusable_time: bool = False
    attributes: Mapping[str, Any] = {}
    deleted_attributes: Sequence[Any] = ()


def decode(data: bytes, arrived_ms: int, quick: QuickReader | None = None) -> list[Batch | BadBatch]:
    """Return the batches of one record. Never raises. ``quick``: see ``documents``."""
    unpacked = unpack(data)
    return [unpacked] if isinstance(unpacked, BadBatch) else batches(unpacked, arrived_ms, quick)


def batches(unpacked: Sequence[bytes], arrived_ms: int, quick: QuickReader | None = None) -> list[Batch | BadBatch]:
    """Return the batches in the unpacked texts of one record. Never raises."""
    return [
        document if isinstance(document, BadBatch) else batch_from(document, arrived_ms)
        for document in documents(unpacked, quick)
    ]


def usable_time(value: object, arrived_ms: int) -> int | None:
    """Return a time in epoch milliseconds; None if it is before 2000, or over a day after the record's arrival.

    It may be given in seconds, too: no number is a usable time in both.
    """
    time_ms = times.milliseconds_from_json(value)
    return time_ms if time_ms is not None and YEAR_2000_MS <= time_ms <= arrived_ms + DAY_MS else None


def is_unusable_time(value: object, arrived_ms: int) -> bool:
    """Return whether a time is there and can't be used; 0 is none."""
    return not (ids.stands_for_nothing(value) or value in (0, "0")) and usable_time(value, arrived_ms) is None


def batch_from(document: object, arrived_ms: int) -> Batch | BadBatch:
    """Return the batch that a JSON document is."""
    if not isinstance(document, dict) or not is_batch(document):
        return BadBatch(QuarantineReason.NOT_A_BATCH, shape_of(document))
    listed = document.get("events") or []
    events = tuple(_well_formed(listed))
    if listed and not events:
        return BadBatch(QuarantineReason.NO_WELL_FORMED_EVENT)
    environment, mpid = document.get("environment"), ids.int64_from_json(document.get("mpid"))
    given_time = document.get("timestamp_unixtime_ms")
    time_ms = usable_time(given_time, arrived_ms)
    attributes, deleted = mapping(document.get("user_attributes")), document.get("deleted_user_attributes")
    return Batch(
        mpid=mpid,
        environment=environment.strip().lower() or None if isinstance(environment, str) else None,
        events=events,
        malformed_events=len(listed) - len(events),
        time_ms=time_ms,
        arrived_ms=arrived_ms,
        message_id=document.get("message_id"),
        batch_id=document.get("batch_id"),
        consent=tuple(state for state in named(document, "consent_state") if state is not None),
        opted_out=any(map(opts_out, listed)),
        recommendations=_list_on_profile(attributes),
        has_unreadable_mpid=mpid is None and not ids.stands_for_nothing(document.get("mpid")),
        has_unusable_time=time_ms is None and is_unusable_time(given_time, arrived_ms),
        attributes=attributes,
        deleted_attributes=deleted if isinstance(deleted, list) else (),
    )


def _list_on_profile(attributes: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the list among a profile's attributes, empty where they are there without one; None if it is not known."""
    return texts(attributes.get("product_recs", [])) if attributes else None


def _well_formed(listed: list[Any]) -> Iterator[Event]:
    for index, event in enumerate(listed):
        if isinstance(event, dict) and isinstance(event.get("event_type"), str) and isinstance(event.get("data"), dict):
            yield Event(index, event["event_type"], event["data"])
