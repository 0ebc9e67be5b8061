"""mParticle's output form: 64-bit integers inside events as text, a batch's own as numbers, identities as a list."""

import hashlib
import json
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from local_stack.audit.rows import Row


class Converted(NamedTuple):
    """The batches made of some source, in time order, and the interactions that the source's own rows amount to."""

    batches: list[dict[str, Any]]
    expected: set[Row]


def int64(*parts: object) -> int:
    """Return a signed 64-bit id made of nothing but the parts; nearly all lie beyond 2**53, half are negative."""
    return int.from_bytes(hashlib.sha256(":".join(map(str, parts)).encode()).digest()[:8], "big", signed=True)


def session_uuid(*parts: object) -> str:
    """Return a session id in the form that mParticle's SDKs give it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(map(str, parts)))).upper()


def product_event(
    *, action: str, products: list[dict[str, Any]], event_id: int, session: str, time_ms: int
) -> dict[str, Any]:
    """Return a commerce event with a product action. ``time_ms`` is epoch milliseconds."""
    return {
        "event_type": "commerce_event",
        "data": {
            "product_action": {"action": action, "products": products},
            "promotion_action": None,
            "product_impressions": None,
            "custom_event_type": action,
            "event_id": str(event_id),
            "session_uuid": session,
            "timestamp_unixtime_ms": str(time_ms),
        },
    }


def batch(*, customer: str, mpid: int, events: list[dict[str, Any]], time_ms: int) -> dict[str, Any]:
    """Return a batch of one customer, received by mParticle at ``time_ms``."""
    return {
        "events": events,
        "message_type": "events",
        "schema_version": 1,
        "environment": "production",
        "timestamp_unixtime_ms": time_ms,
        "batch_id": int64("batch", mpid, events[0]["data"]["event_id"]),
        "mpid": mpid,
        "user_identities": [{"identity_type": "customer_id", "identity": customer}],
        "user_attributes": {},
        "source_info": {"channel": "server_to_server"},
    }


def record(batch: dict[str, Any]) -> bytes:
    """Return a batch as the bytes of one stream record, or of one NDJSON line without its end."""
    return json.dumps(batch, separators=(",", ":"), ensure_ascii=False).encode()


def write_ndjson(path: Path, batches: Iterable[dict[str, Any]]) -> None:
    """Write one batch a line, for ``./broker run --events PATH``."""
    path.write_bytes(b"".join(record(batch) + b"\n" for batch in batches))
