"""Which interactions a record holds, worked out a second time: the other side of the conservation law.

Written from the contract and from mParticle's JSON reference, for the default settings. It returns sets of plain rows,
so that what was put on the stream can be compared with what Personalize, S3 and the stream hold in the end.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

REPORTED = {"view_detail", "add_to_cart", "add_to_wishlist", "purchase"}
NOTHING = {"", "0", "null", "undefined", "None"}
YEAR_2000, DAY = 946_684_800_000, 86_400_000


class Row(NamedTuple):
    """One interaction: whose, with what, which and when (whole seconds), and mParticle's event id and product index."""

    user_id: str
    item_id: str
    event_type: str
    sent_at: int
    event_id: str
    product_index: int


def of_record(data: bytes, arrived_ms: int, environment: str = "production") -> set[Row]:
    """Return the rows of one record: a batch, an array of batches, or a batch a line. What is unreadable has none."""
    return {row for document in documents(data) for row in of_batch(document, arrived_ms, environment)}


def documents(data: bytes) -> list[Any]:
    """Return the JSON documents of a record; those that cannot be read are left out."""
    whole = _json(data)
    if isinstance(whole, list):
        return whole
    return [whole] if whole is not None else [_json(line) for line in data.split(b"\n")]


def of_batch(batch: Any, arrived_ms: int, environment: str = "production") -> set[Row]:
    """Return the rows of one batch as mParticle forwards it."""
    if not isinstance(batch, dict) or not isinstance(batch.get("events"), list):
        return set()
    customer = whole_number(batch.get("mpid"))
    here = str(batch.get("environment") or environment).lower() == environment
    opted_out = _at(batch, "consent_state", "ccpa", "data_sale_opt_out", "consented") is True
    if not customer or not here or opted_out:
        return set()
    return {
        Row(str(customer), item_id, action, time_ms // 1000, event_id, index)
        for place, event in enumerate(batch["events"])
        for action, index, item_id in _product_lines(event)
        for time_ms in [_time(event["data"], batch, arrived_ms)]
        for event_id in [_event_id(event["data"], batch, place)]
    }


def of_put_events(request: Mapping[str, Any]) -> set[Row]:
    """Return the rows of one PutEvents request, as the service received it."""
    return {of_put_event(request["userId"], event) for event in request["eventList"]}


def of_put_event(user_id: str, event: Mapping[str, Any]) -> Row:
    """Return the row of one member of PutEvents' ``eventList``."""
    event_id, index, _ = split_event_id(event["eventId"])
    return Row(user_id, event["itemId"], event["eventType"], int(event["sentAt"]), event_id, index)


def split_event_id(event_id: str) -> tuple[str, int, str]:
    """Return mParticle's event id (it may begin with a minus), the product index and the digest of a sent event id."""
    own, index, digest = event_id.rsplit("-", 2)
    return own, int(index), digest


def whole_number(value: object) -> int | None:
    """Return a signed 64-bit integer, given as a number or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        number = int(value)
    except ValueError:
        return None
    return number if number.bit_length() < 64 or number == -(2**63) else None


def _product_lines(event: Any) -> Iterable[tuple[str, int, str]]:
    if not isinstance(event, dict) or event.get("event_type") != "commerce_event":
        return
    action, products = _at(event, "data", "product_action", "action"), _at(event, "data", "product_action", "products")
    if not isinstance(action, str) or action not in REPORTED or not isinstance(products, list):
        return
    for index, product in enumerate(products):
        item_id = _at(product, "id")
        text = str(item_id) if isinstance(item_id, int | str) else ""
        if text.strip() and len(text) <= 256 and _is_text(text):
            yield action, index, text


def _event_id(data: dict[str, Any], batch: dict[str, Any], place: int) -> str:
    for key in ("event_id", "source_message_id"):
        if _something(data.get(key)):
            return str(data[key])
    for key in ("batch_id", "message_id"):
        if _something(batch.get(key)):
            return f"{batch[key]}-{place}"
    return f"e{place}"


def _time(data: dict[str, Any], batch: dict[str, Any], arrived_ms: int) -> int:
    for holder in (data, batch):
        time_ms = whole_number(holder.get("timestamp_unixtime_ms"))
        if time_ms and YEAR_2000 <= time_ms <= arrived_ms + DAY:
            return time_ms
    return arrived_ms


def _something(value: object) -> bool:
    return value is not None and str(value) not in NOTHING


def _is_text(text: str) -> bool:
    return text == text.encode("utf-8", "ignore").decode("utf-8")


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except ValueError:
        return None
