"""What the broker makes of one batch, as JSON and for people."""

import json
from typing import Any

from broker.batch import BadBatch, Batch
from broker.interactions import Interaction, Rules, extract, pack, put_events_request, unique

TRACKER = "<tracker>"
REASONS_PAGE = "What the reasons mean: docs/reasons.md"


def answer(batch: Batch | BadBatch) -> dict[str, Any]:
    """Return the JSON object that is printed for one batch; ``mpid`` as text, as programs keep 64-bit numbers."""
    if isinstance(batch, BadBatch):
        empty: dict[str, Any] = {"interactions": [], "skipped": {}, "put_events": []}
        return {"verdict": "bad_batch", "reason": batch.reason, "mpid": None} | empty
    interactions, skipped = extract(batch, Rules())
    return {
        "verdict": "batch",
        "reason": None,
        "mpid": None if batch.mpid is None else str(batch.mpid),
        "interactions": [_shown(interaction) for interaction in interactions],
        "skipped": dict(skipped),
        "put_events": [put_events_request(request, TRACKER) for request in pack(unique(interactions))],
    }


def _shown(interaction: Interaction) -> dict[str, Any]:
    return {
        "eventId": interaction.event_id,
        "eventType": interaction.event_type,
        "itemId": interaction.item_id,
        "userId": interaction.user_id,
        "sessionId": interaction.session_id,
        "sentAt": interaction.sent_at,
    }


def text(found: dict[str, Any], batch: Batch | BadBatch) -> str:
    """Return the same for people."""
    if isinstance(batch, BadBatch):
        return f"bad batch: {batch.reason} ({batch.detail or 'see the sample batches in events/'})\n  {REASONS_PAGE}"
    whose = f"batch of customer {batch.mpid}" if batch.mpid else "batch without a customer"
    count = len(found["interactions"])
    lines = [f"{whose}: {count} interaction{'' if count == 1 else 's'}"]
    lines += [
        f"  {one['eventType']:<16} {one['itemId']:<24} sentAt {one['sentAt']}  {one['eventId']}"
        for one in found["interactions"]
    ]
    lines += [f"  skipped {reason}: {number}" for reason, number in found["skipped"].items()]
    lines += [f"  {REASONS_PAGE}"] if found["skipped"] else []
    lines += [f"  PutEvents {json.dumps(request, ensure_ascii=False)}" for request in found["put_events"]]
    return "\n".join(lines)
