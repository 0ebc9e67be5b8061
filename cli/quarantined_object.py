"""One object of the quarantine or of the on-failure bucket for an operator: why it is there, and how it is built. Pure.

What a record says may be personal data, also in a broken record, where anything can stand anywhere. So it is shown by
its build: mParticle's own names and words, and of all other values the kind and the length.
"""

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from broker.batch import BadBatch
from broker.documents import documents, unpack

from cli.invoke.words import ACTIONS, EVENT_TYPES
from replay.inventory import timestamp
from replay.records import QUARANTINE, Record, read
from replay.store import StoredObject

# Values that are one of these words are shown, by the name under which they stand.
WORDS: Mapping[str, Collection[str]] = {
    "environment": ("production", "development"),
    "event_type": EVENT_TYPES,
    "action": ACTIONS,
    "message_type": ("events",),
}
# Names in batches (https://docs.mparticle.com/developers/apis/json-reference/), and in messages to refresh.
NAMES = frozenset(
    {
        *WORDS,
        *("events", "data", "mpid", "message_id", "schema_version", "source_request_id", "batch_id", "mp_deviceid"),
        *("timestamp_unixtime_ms", "user_attributes", "deleted_user_attributes", "user_identities", "consent_state"),
        *("gdpr", "ccpa", "data_sale_opt_out", "consented", "identity", "identity_type", "source_info", "device_info"),
        *("application_info", "ip", "event_id", "source_message_id", "session_id", "session_uuid", "custom_attributes"),
        *("session_start_unixtime_ms", "event_start_unixtime_ms", "event_name", "screen_name", "is_opted_out"),
        *("product_action", "promotion_action", "product_impressions", "products", "id", "name", "brand", "category"),
        *("variant", "position", "price", "quantity", "coupon_code", "total_product_amount", "transaction_id"),
        *("total_amount", "tax_amount", "shipping_amount", "currency_code", "shopping_cart", "affiliation"),
        *("recommendations", "list_digest", "sequence_number", "event_ms", "is_purchase", "requested_ms", "shard"),
    }
)
LONGEST_LIST = 20  # members that are shown
DEEPEST = 20  # levels: a batch has eight
OTHERS = "…"


def described(stored: StoredObject, body: bytes, redriven: Collection[str], *, reveal: bool) -> dict[str, Any]:
    """Return an object as JSON: each of its records with the reasons, and how it is built, or all that it says.

    Raises UnrecognisedObject.
    """
    records = read(stored.source, stored.key, body)
    faults = _faults(stored.source, body)
    return {
        "source": stored.source,
        "key": stored.key,
        "bytes": stored.size,
        "written": timestamp(stored.written.timestamp() * 1000),
        "revealed": reveal,
        "records": [
            _record(record, faults.get(record.id, faults[""]), record.id in redriven, reveal=reveal)
            for record in records
        ],
    }


def build(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return how a JSON value is built, without what it says."""
    if depth == DEEPEST:
        return OTHERS
    if isinstance(value, dict):
        known = {key: build(member, key, depth + 1) for key, member in value.items() if key in NAMES}
        others = sum(isinstance(key, str) for key in value) - len(known)
        return known | ({OTHERS: _count(others, "other name")} if others else {})
    if isinstance(value, list):
        more = len(value) - LONGEST_LIST
        return [build(member, name, depth + 1) for member in value[:LONGEST_LIST]] + (
            [f"{more:,} more"] if more > 0 else []
        )
    if isinstance(value, str):
        return value if value in WORDS.get(name, ()) else f"text of {_count(len(value), 'character')}"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return f"whole number of {_count(len(str(abs(value))), 'digit')}"
    return "number with a fraction" if isinstance(value, float) else None


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _record(record: Record, faults: list[dict[str, Any]], redriven: bool, *, reveal: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": record.id,
        "kind": record.kind,
        "arrived": timestamp(record.arrived_ms),
        "bytes": len(record.data),
        "redriven": redriven,
        "reasons": faults,
    }
    if reveal:
        return shown | {"partition_key": record.partition_key, "content": [*_content(record.data)]}
    return shown | {"content": [*_builds(record.data)]}


def _faults(source: str, body: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return why each record is there, by its id; under "" what holds for all others of the object."""
    if source != QUARANTINE:
        document = json.loads(body)
        times = document["requestContext"].get("approximateInvokeCount")
        error = document.get("responseContext", {}).get("functionError")
        detail = f"after {times} invocations" if times is not None else ""
        detail += f", the last one failed: {error}" if error else ""
        return {"": [{"part": "", "reason": document["requestContext"]["condition"], "detail": detail}]}
    faults: dict[str, list[dict[str, Any]]] = {"": []}
    for row in map(json.loads, body.splitlines()):
        fault = {"part": row["index"], "reason": row["reason"], "detail": row["detail"]}
        faults.setdefault(f"{row['source']}:{row['sequence_number']}", []).append(fault)
    return faults


def _builds(data: bytes) -> Iterator[Any]:
    unpacked = unpack(data)
    for document in [unpacked] if isinstance(unpacked, BadBatch) else documents(unpacked):
        if isinstance(document, BadBatch):
            yield f"unreadable: {document.reason}" + (f" ({document.detail})" if document.detail else "")
        else:
            yield build(document)


def _content(data: bytes) -> Iterator[dict[str, str]]:
    unpacked = unpack(data)
    for text in [data] if isinstance(unpacked, BadBatch) else unpacked:
        try:
            yield {"text": text.decode()}
        except UnicodeDecodeError:
            yield {"base64": base64.b64encode(text).decode()}
