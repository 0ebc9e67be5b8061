"""The interactions in a stream record: a second, independent reading, from mParticle's JSON reference.

Everything on the stream is an ``Entry``: a product line for training, one that is skipped with a reason, or an
unreadable document. Entries are plain tuples, so that sets of them can be compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from local_stack.audit import packing
from local_stack.audit.values import amount_of, instant, item_of, member, name_of, text_of, whole_number
from local_stack.audit.view_sample import ALL, is_left_out, session_of

REPORTED = {"view_detail", "add_to_cart", "add_to_wishlist", "purchase"}
PROBE = "broker-probe"  # the user id of the broker's probe events, which are not on the stream
YEAR_2000, DAY = 946_684_800_000, 86_400_000
LAST_SECONDS = 4_102_444_800  # 2100, as a number of seconds


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
    """One document of a record that is not an mParticle batch, or whose customer can't be read."""

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


def from_record(record: StreamRecord, environment: str = "production", view_sample: float = ALL) -> set[Entry]:
    """Return all entries of one record. ``view_sample``: the share of the sessions whose views are reported."""
    entries: set[Entry] = set()
    for index, document in enumerate(documents(record.data)):
        if is_batch(document):
            entries |= _from_batch(document, record, environment, view_sample, index)
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
    named = ((item_of(line)[0], member(line, "category")) for line in lines)
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
    """Return the JSON documents of a record; None if unreadable."""
    return packing.documents(data, is_batch)


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
    return isinstance(member(event, "event_type"), str) and isinstance(member(event, "data"), dict)


def _from_batch(
    batch: dict[str, Any], record: StreamRecord, environment: str, view_sample: float, index: int
) -> set[Entry]:
    is_known = whole_number(batch.get("mpid")) is not None
    entries = set(_lines(batch, record, environment, view_sample if is_known else ALL))
    if not is_known and not all(isinstance(entry, Skipped) for entry in entries):
        return {Unreadable(record.shard_id, record.sequence_number, index)}
    return entries


def _lines(batch: dict[str, Any], record: StreamRecord, environment: str, view_sample: float) -> Iterator[Entry]:
    not_ours = _why_not(batch, environment)
    customer = str(whole_number(batch.get("mpid")))
    for place, event in enumerate(batch.get("events") or []):
        if not is_event(event) or event["event_type"] != "commerce_event":
            continue
        action, lines = _product_lines(event["data"])
        event_id = _event_id(event["data"], batch, place)
        time_ms = _time(event["data"], batch, record.arrived_ms)
        session = session_of(event["data"], batch, customer)
        for index, line in enumerate(lines):
            item_id, reason = item_of(line)
            reason = not_ours or (None if action in REPORTED else "other_action") or reason
            if reason is None and action == "purchase" and _is_return(line):
                reason = "returns"
            if reason is None and is_left_out(action, customer, session, view_sample):
                reason = "sampled_out"
            if reason:
                yield Skipped(reason, event_id, index, f"{batch.get('mpid')}/{action}/{item_id}/{time_ms}")
            elif time_ms is None:
                yield UndatedRow(customer, item_id, str(action), event_id, index)
            else:
                yield Row(customer, item_id, str(action), time_ms // 1000, event_id, index)


def _why_not(batch: dict[str, Any], environment: str) -> str | None:
    if str(batch.get("environment") or environment).strip().lower() != environment:
        return "other_environment"
    if batch.get("mpid") is None or text_of(batch["mpid"]) == "" or whole_number(batch["mpid"]) == 0:
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
    action, products = member(data, "product_action", "action"), member(data, "product_action", "products")
    lines = products if isinstance(products, list) else [] if products is None else [products]
    return action if isinstance(action, str) else None, lines


def _is_return(line: dict[str, Any]) -> bool:
    """Return whether the quantity is negative, or the amount: the total, else price times quantity, else the price."""
    total, price, quantity = (amount_of(line.get(name)) for name in ("total_product_amount", "price", "quantity"))
    if total is None and price is not None:
        total = price * (1.0 if quantity is None else quantity)
    return (quantity or 0) < 0 or (total or 0) < 0


def _event_id(data: dict[str, Any], batch: dict[str, Any], place: int) -> str:
    named = [name_of(data.get(key)) for key in ("event_id", "source_message_id")]
    of_batch = [f"{name}-{place}" for name in (name_of(batch.get(key)) for key in ("batch_id", "message_id")) if name]
    return next((name for name in named + of_batch if name), f"e{place}")


def _time(data: dict[str, Any], batch: dict[str, Any], arrived_ms: int) -> int | None:
    for holder in (data, batch):
        given = instant(holder.get("timestamp_unixtime_ms"))
        if given is not None:
            time_ms = round(given * 1000) if given < LAST_SECONDS else int(given)
            if YEAR_2000 <= time_ms <= arrived_ms + DAY:
                return time_ms
    return None
