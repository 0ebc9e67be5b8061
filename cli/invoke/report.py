"""What the broker makes of one batch, as JSON and for people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from broker.batch import BadBatch, Batch, batch_from
from broker.documents import documents, unpack
from broker.interactions import Interaction, Rules, extract, pack, put_events_request, unique
from broker.reasons import QuarantineReason

from cli.invoke.notes import notes
from cli.records import StreamRecord

TRACKER = "<tracker>"
REASONS_PAGE = "What the reasons mean: docs/reasons.md"
MOST_NOTES = 20  # of one batch, as text


@dataclass(frozen=True)
class Decoded:
    """One document of a record, the batch that it is, and where it stands; ``number`` counts from 1."""

    record: StreamRecord
    number: int
    is_alone: bool
    document: Any
    batch: Batch | BadBatch

    @property
    def name(self) -> str:
        """Return the place for people: ``kinesis_event.json: record 2: batch 1``."""
        record = "" if self.record.number is None else f": record {self.record.number}"
        return f"{self.record.file}{record}" + ("" if self.is_alone else f": batch {self.number}")


def decoded(record: StreamRecord) -> Iterator[Decoded]:
    """Yield the batches of a record as ``ingest`` reads them."""
    unpacked = unpack(record.data)
    found = [unpacked] if isinstance(unpacked, BadBatch) else documents(unpacked)
    for number, document in enumerate(found, 1):
        batch = document if isinstance(document, BadBatch) else batch_from(document, record.arrived_ms)
        yield Decoded(record, number, len(found) == 1, document, batch)


def answer(found: Decoded) -> dict[str, Any]:
    """Return the JSON object that is printed for one batch; ``mpid`` as text, as programs keep 64-bit numbers."""
    place = {"file": found.record.file, "record": found.record.number, "batch": found.number}
    said = {"notes": notes(found.document, found.batch, Rules())}
    if isinstance(found.batch, BadBatch):
        return place | _bad(found.batch.reason, found.batch.detail) | said
    interactions, left_out = extract(found.batch, Rules())
    reasons = [reason for reason in left_out if isinstance(reason, QuarantineReason)]
    if reasons:
        return place | _bad(reasons[0], "") | said
    return {
        **place,
        "verdict": "batch",
        "reason": None,
        "detail": None,
        "mpid": None if found.batch.mpid is None else str(found.batch.mpid),
        "interactions": [_shown(interaction) for interaction in interactions],
        "skipped": dict(left_out),
        "put_events": [put_events_request(request, TRACKER) for request in pack(unique(interactions))],
        **said,
    }


def is_bad(shown: dict[str, Any]) -> bool:
    """Return whether a batch goes to quarantine."""
    return bool(shown["verdict"] == "bad_batch")


def _bad(reason: QuarantineReason, detail: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"interactions": [], "skipped": {}, "put_events": []}
    return {"verdict": "bad_batch", "reason": reason, "detail": detail or None, "mpid": None} | empty


def _shown(interaction: Interaction) -> dict[str, Any]:
    return {
        "eventId": interaction.event_id,
        "eventType": interaction.event_type,
        "itemId": interaction.item_id,
        "userId": interaction.user_id,
        "sessionId": interaction.session_id,
        "sentAt": interaction.sent_at,
    }


def text(shown: dict[str, Any], name: str) -> str:
    """Return the same for people."""
    lines = _bad_lines(shown, name) if is_bad(shown) else _lines(shown, name)
    lines += [f"{name}: {note}" for note in shown["notes"][:MOST_NOTES]]
    more = len(shown["notes"]) - MOST_NOTES
    lines += [f"{name}: {more} more; --json has all of them"] if more > 0 else []
    return "\n".join(lines)


def _bad_lines(shown: dict[str, Any], name: str) -> list[str]:
    detail = shown["detail"] or ("see below" if shown["notes"] else "see the sample batches in events/")
    return [f"{name}: bad batch: {shown['reason']} ({detail})", f"  {REASONS_PAGE}"]


def _lines(shown: dict[str, Any], name: str) -> list[str]:
    whose = f"batch of customer {shown['mpid']}" if shown["mpid"] else "batch without a customer"
    count = len(shown["interactions"])
    lines = [f"{name}: {whose}: {count} interaction{'' if count == 1 else 's'}"]
    lines += [
        f"  {one['eventType']:<16} {one['itemId']:<24} sentAt {one['sentAt']}  {one['eventId']}"
        for one in shown["interactions"]
    ]
    lines += [f"  skipped {reason}: {number}" for reason, number in shown["skipped"].items()]
    lines += [f"  {REASONS_PAGE}"] if shown["skipped"] else []
    lines += [f"  PutEvents {json.dumps(request, ensure_ascii=False)}" for request in shown["put_events"]]
    return lines
