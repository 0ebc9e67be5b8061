"""The interactions in a stream record: a second, independent reading, from mParticle's JSON reference.

Everything on the stream is an ``Entry``: a product line for training, one that is skipped with a reason, or an
unreadable document. Entries are plain tuples, so that sets of them can be compared.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

REPORTED = {"view_detail", "add_to_cart", "add_to_wishlist", "purchase"}
PROBE = "broker-probe"  # the user id of the broker's probe events, which are not on the stream
NOTHING = {"", "0", "null", "undefined", "None"}
YEAR_2000, DAY = 946_684_800_000, 86_400_000


class Row(NamedTuple):
    """One interaction: user, item, event type and time (whole seconds), and mParticle's event id and product index."""

    user_id: str
    item_id: str
    event_type: str
    sent_at: int
    event_id: str
    product_index: int


class UndatedRow(NamedTuple):
    """One interaction without a timestamp: each delivery of it gets the time of its arrival."""

    user_id: str
    item_id: str
    event_type: str
    event_id: str
    product_index: int


class Skipped(NamedTuple):
    """One product line that must not train, and the reason; ``place`` distinguishes lines without an id."""

    reason: str
    event_id: str
    product_index: int
    place: str


class Unreadable(NamedTuple):
    """One document of a record that is not an mParticle batch."""

    shard_id: str
    sequence_number: str
    document: int


class StreamRecord(NamedTuple):
    """One record of the stream; ``arrived_ms`` in epoch milliseconds."""

    shard_id: str
    sequence_number: str
    arrived_ms: int
    data: bytes


Entry = Row | UndatedRow | Skipped | Unreadable


def from_record(record: StreamRecord, environment: str = "production") -> set[Entry]:
    """Return all entries of one record."""
    entries: set[Entry] = set()
    for index, document in enumerate(documents(record.data)):
        if is_batch(document):
            entries |= set(_from_batch(document, record, environment))
        else:
            entries.add(Unreadable(record.shard_id, record.sequence_number, index))
    return entries


def rows_from_bytes(data: bytes, arrived_ms: int, environment: str = "production") -> set[Row]:
    """Return the rows for training in one record's bytes; a row without a timestamp gets the time of arrival."""
    rows: set[Row] = set()
    for entry in from_record(StreamRecord("", "", arrived_ms, data), environment):
        if isinstance(entry, UndatedRow):
            rows.add(Row(*entry[:3], arrived_ms // 1000, *entry[3:]))
        elif isinstance(entry, Row):
            rows.add(entry)
    return rows


def item_categories(data: bytes) -> dict[str, str]:
    """Return the category of each item in one record's product lines; items without a category are left out."""
    batches = [document for document in documents(data) if is_batch(document)]
    events = [event for batch in batches for event in batch.get("events") or [] if is_event(event)]
    lines = [line for event in events for line in _product_lines(event["data"])[1]]
    named = ((_item(line)[0], _at(line, "category")) for line in lines)
    return {item: category for item, category in named if item and isinstance(category, str) and category.strip()}


def undated(row: Row) -> UndatedRow:
    """Return a row without its time."""
    return UndatedRow(*row[:3], *row[4:])


def from_put_event(user_id: str, event: Mapping[str, Any]) -> Row:
    """Return the row of one member of PutEvents' ``eventList``."""
    event_id, index, _ = split_event_id(event["eventId"])
    return Row(user_id, event["itemId"], event["eventType"], int(event["sentAt"]), event_id, index)


def customer_events(accepted: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the deliveries of customers' events, without probes, which are not on the stream and train once at most."""
    return (event for event in accepted if (event["userId"], event["eventId"]) != (PROBE, PROBE))


def split_event_id(event_id: str) -> tuple[str, int, str]:
    """Return mParticle's event id (it may begin with a minus), the product index and the digest of a sent event id."""
    mparticle_id, index, digest = event_id.rsplit("-", 2)
    return mparticle_id, int(index), digest


def documents(data: bytes) -> list[Any]:
    """Return the JSON documents of a record: one, the items of an array, or one per line; None if unreadable."""
    whole = _json(data)
    if isinstance(whole, list) and whole:
        return whole
    lines = [_json(line) for line in data.split(b"\n") if line.strip()]
    return lines if whole is None and len(lines) > 1 and any(map(is_batch, lines)) else [whole]


def is_batch(document: Any) -> bool:
    """Return whether a document is an mParticle batch that is at least partly readable."""
    if not isinstance(document, dict):
        return False
    events = document.get("events")
    if isinstance(events, list):
        return not events or any(map(is_event, events))
    named = whole_number(document.get("mpid")) is not None or document.get("message_type") == "events"
    return events is None and ("events" in document or named)


def is_event(event: Any) -> bool:
    """Return whether a member of a batch's events is readable."""
    return isinstance(_at(event, "event_type"), str) and isinstance(_at(event, "data"), dict)


def whole_number(value: object) -> int | None:
    """Return a signed 64-bit integer, given as a number or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"\s*[+-]?[0-9]{1,19}\s*", value):
        return None
    number = int(value)
    return number if number.bit_length() < 64 or number == -(2**63) else None


def _from_batch(batch: dict[str, Any], record: StreamRecord, environment: str) -> Iterator[Entry]:
    not_ours = _why_not(batch, environment)
    for place, event in enumerate(batch.get("events") or []):
        if not is_event(event) or event["event_type"] != "commerce_event":
            continue
        action, lines = _product_lines(event["data"])
        event_id = _event_id(event["data"], batch, place)
        time_ms = _time(event["data"], batch, record.arrived_ms)
        for index, line in enumerate(lines):
            item_id, reason = _item(line)
            reason = not_ours or (None if action in REPORTED else "other_action") or reason
            if reason:
                yield Skipped(reason, event_id, index, f"{batch.get('mpid')}/{action}/{item_id}/{time_ms}")
            elif time_ms is None:
                yield UndatedRow(str(whole_number(batch["mpid"])), item_id, str(action), event_id, index)
            else:
                yield Row(str(whole_number(batch["mpid"])), item_id, str(action), time_ms // 1000, event_id, index)


def _why_not(batch: dict[str, Any], environment: str) -> str | None:
    if str(batch.get("environment") or environment).strip().lower() != environment:
        return "other_environment"
    if not whole_number(batch.get("mpid")):
        return "no_customer"
    return "no_consent" if _opts_out_of_sale(batch) or any(map(_opts_out, batch.get("events") or [])) else None


def _opts_out_of_sale(batch: dict[str, Any]) -> bool:
    """Return whether the CCPA consent, if present, is anything but a clear no."""
    held: list[Any] = [batch]
    for name in ("consent_state", "ccpa", "data_sale_opt_out"):
        held = [value for parent in held for value in _under(parent, name) if value is not None]
        if not all(isinstance(value, dict) for value in held):
            return True
    return any(not _says_no(_under(value, "consented")) for value in held)


def _opts_out(event: Any) -> bool:
    kinds = [kind.strip().casefold() for kind in _under(event, "event_type") if isinstance(kind, str)]
    values = [value for data in _under(event, "data") for value in _under(data, "is_opted_out")]
    return "opt_out" in kinds and not _says_no(values)


def _says_no(values: list[Any]) -> bool:
    words = {value.strip().lower() if isinstance(value, str) else value == 0 for value in values}
    return bool(words) and words <= {True, "false", "no", "n", "f", "0", "0.0"}


def _under(value: Any, name: str) -> list[Any]:
    members = value.items() if isinstance(value, dict) else ()
    return [member for key, member in members if key.strip().casefold() == name]


def _product_lines(data: dict[str, Any]) -> tuple[str | None, list[Any]]:
    action, products = _at(data, "product_action", "action"), _at(data, "product_action", "products")
    return action if isinstance(action, str) else None, products if isinstance(products, list) else []


def _item(line: Any) -> tuple[str, str | None]:
    """Return the item id, and a reason if it can't be sent."""
    item_id = _at(line, "id")
    text = str(item_id) if isinstance(item_id, int | float | str) and not isinstance(item_id, bool) else ""
    if isinstance(item_id, float) and not math.isfinite(item_id):
        text = ""
    if not isinstance(line, dict) or len(text) > 256 or text != text.encode("utf-8", "ignore").decode("utf-8"):
        return "", "bad_event"
    return text, None if text.strip() else "no_item_id"


def _event_id(data: dict[str, Any], batch: dict[str, Any], place: int) -> str:
    for key in ("event_id", "source_message_id"):
        if _something(data.get(key)):
            return _short(str(data[key]).strip())
    for key in ("batch_id", "message_id"):
        if _something(batch.get(key)):
            return f"{_short(str(batch[key]).strip())}-{place}"
    return f"e{place}"


def _short(text: str) -> str:
    """Return an id, or its digest if the id is too long for a suffix."""
    fits = len(text) <= 200 and text == text.encode("utf-8", "ignore").decode("utf-8")
    return text if fits else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _time(data: dict[str, Any], batch: dict[str, Any], arrived_ms: int) -> int | None:
    for holder in (data, batch):
        time_ms = whole_number(holder.get("timestamp_unixtime_ms"))
        if time_ms and YEAR_2000 <= time_ms <= arrived_ms + DAY:
            return time_ms
    return None


def _something(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and str(value).strip() not in NOTHING


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
