"""What a batch says of its user and of the products in its events: values of columns, each with a time.

The time says which of two values is newer. It is never later than the arrival at the stream: a device whose clock is
ahead, or an event that somebody made up, would else stay the newest for ever.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from broker import product_lines
from broker.batch import Batch, Event, usable_time
from broker.interactions import Rules, why_not_user
from broker.json_values import mapping
from broker.metadata.columns import ITEMS, PRODUCT_FIELDS, USERS, Columns, Value, source_value, value_of
from broker.reasons import SkipReason
from broker.values import ids

# By column: the time in epoch milliseconds, and the value; None where it was deleted.
Fields = Mapping[str, tuple[int, Value | None]]


class Sighting(NamedTuple):
    """One user or item as a batch has it. ``id``: as Personalize knows it; ``user``: whose batch it is."""

    dataset: str
    id: str
    user: str
    fields: Fields
    time_ms: int


class Mapped(NamedTuple):
    """The columns that come from the stream, by dataset."""

    users: Columns = ()
    items: Columns = ()


def sightings(batch: Batch, mapped: Mapped, rules: Rules, unreadable: Counter[str]) -> list[Sighting]:
    """Return what a batch says of its user and its products; nothing of a batch that may not be reported.

    ``unreadable`` counts, by dataset, the values that do not fit their column.
    """
    if why_not_user(batch, rules) is not None or not batch.mpid:
        return []
    received_ms = min(batch.time_ms or batch.arrived_ms, batch.arrived_ms)
    seen = [_user(batch, mapped.users, received_ms, unreadable)] if mapped.users else []
    if mapped.items:
        for event in batch.events:
            seen += _products(event, batch, mapped.items, received_ms, unreadable)
    return [one for one in seen if one.fields]


def _user(batch: Batch, columns: Columns, time_ms: int, unreadable: Counter[str]) -> Sighting:
    deleted = {name.casefold() for name in batch.deleted_attributes if isinstance(name, str)}
    fields: dict[str, tuple[int, Value | None]] = {}
    for column in columns:
        raw = source_value(batch.attributes, column.source)
        value = value_of(column.kind, raw)
        if value is not None:
            fields[column.name] = (time_ms, value)
        elif not ids.stands_for_nothing(raw):
            unreadable[USERS] += 1
        elif column.source.casefold() in deleted:
            fields[column.name] = (time_ms, None)
    return Sighting(USERS, str(batch.mpid), str(batch.mpid), fields, time_ms)


def _products(
    event: Event, batch: Batch, columns: Columns, received_ms: int, unreadable: Counter[str]
) -> Iterator[Sighting]:
    if event.type != "commerce_event" or not event.data.get("product_action"):
        return
    time_ms = min(usable_time(event.data.get("timestamp_unixtime_ms"), batch.arrived_ms) or received_ms, received_ms)
    for product in product_lines.listed(event.data["product_action"]):
        item = product_lines.item_id(product) if isinstance(product, dict) else SkipReason.BAD_EVENT
        if not isinstance(item, SkipReason):
            yield Sighting(
                ITEMS, item, str(batch.mpid), dict(_of_product(product, columns, time_ms, unreadable)), time_ms
            )


def _of_product(
    product: Mapping[str, Any], columns: Columns, time_ms: int, unreadable: Counter[str]
) -> Iterable[tuple[str, tuple[int, Value]]]:
    own = mapping(product.get("custom_attributes"))
    for column in columns:
        raw = product.get(column.source) if column.source in PRODUCT_FIELDS else source_value(own, column.source)
        value = value_of(column.kind, raw)
        if value is not None and not _is_return(column.source, value):
            yield column.name, (time_ms, value)
        elif not ids.stands_for_nothing(raw):
            unreadable[ITEMS] += 1


def _is_return(source: str, value: Value) -> bool:
    """Return whether a price is below zero, as that of a product that was given back may be."""
    return source == product_lines.PRICE and isinstance(value, int | float) and value < 0
