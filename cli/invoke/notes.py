"""What in a batch the broker could not use: the place, the word that was found there, and the one that may be meant."""

from collections.abc import Iterator, Mapping
from typing import Any

from broker import product_lines
from broker.batch import BadBatch, Batch, is_unusable_time
from broker.interactions import PURCHASE, Rules
from broker.reasons import SkipReason
from broker.recommendation_ids import MAX_LENGTH, from_attributes
from broker.values import times

from cli.invoke.words import ACTIONS, BATCH_KEYS, EVENT_TYPES, ID_KEYS, key_meant, meant, shown

TIME = "timestamp_unixtime_ms"
WRONG_ID = {
    SkipReason.NO_ITEM_ID: "stands for nothing",
    SkipReason.ROUNDED_ID: "is rounded: write it as text",
    SkipReason.BAD_EVENT: "cannot be sent: an id is a text of at most 256 characters, or a number",
}


def notes(document: object, batch: object, rules: Rules) -> list[str]:
    """Return one line for each thing that was found and not used; events and products are counted from 1."""
    if not isinstance(document, dict):
        return []
    arrived_ms = batch.arrived_ms if isinstance(batch, Batch) else None
    events = document.get("events")
    found = list(_of_batch(document, batch))
    for number, event in enumerate(events if isinstance(events, list) else (), 1):
        found += [f"event {number}: {note}" for note in _of_event(event, arrived_ms, rules)]
    return found


def _of_batch(document: Mapping[str, Any], batch: object) -> Iterator[str]:
    if isinstance(batch, BadBatch) and batch.detail:  # it is known what it is
        return
    unknown = {key: value for key, value in document.items() if key not in BATCH_KEYS}
    for wanted in BATCH_KEYS:
        if wanted not in document:
            yield from _misspelt(unknown, wanted)
    if not isinstance(batch, Batch):
        return
    if batch.has_unreadable_mpid:
        yield f"mpid {shown(document['mpid'])} is not a whole number of 64 bits: write it as an integer or as text"
    if batch.has_unusable_time:
        yield _time(document[TIME])


def _of_event(event: object, arrived_ms: int | None, rules: Rules) -> Iterator[str]:
    if not isinstance(event, dict):
        yield f"{shown(event)} is not an object"
        return
    kind, data = event.get("event_type"), event.get("data")
    if not isinstance(kind, str):
        yield from _misspelt(event, "event_type") or ["it has no event_type"]
    elif kind not in EVENT_TYPES:
        yield f"event_type {_word(kind, EVENT_TYPES)}"
    if not isinstance(data, dict):
        yield from _misspelt(event, "data") or ["it has no data object"]
    elif kind == "commerce_event" or (isinstance(kind, str) and meant(kind, EVENT_TYPES) == "commerce_event"):
        yield from _of_commerce(data, arrived_ms, rules)


def _of_commerce(data: Mapping[str, Any], arrived_ms: int | None, rules: Rules) -> Iterator[str]:
    if TIME not in data:
        yield from _misspelt(data, TIME)
    elif arrived_ms is not None and is_unusable_time(data[TIME], arrived_ms):
        yield _time(data[TIME])
    product_action = data.get("product_action")
    if product_action is None:
        yield from _misspelt(data, "product_action")
        return
    if not isinstance(product_action, dict):
        yield f"product_action {shown(product_action)} is not an object"
        return
    action = product_action.get("action")
    if not isinstance(action, str) or action not in rules.event_types:
        yield from _other_action(product_action)
    if isinstance(action, str) and action in ACTIONS and action not in rules.event_types:
        return
    if not product_action.get("products"):
        yield from _misspelt(product_action, "products") or ["it has no products"]
        return
    yield from _recommendation_id(data, rules)
    for number, product in enumerate(product_lines.listed(product_action), 1):
        yield from (f"product {number}: {note}" for note in _of_product(product, action, rules))


def _other_action(product_action: Mapping[str, Any]) -> list[str]:
    action = product_action.get("action")
    if action is None:
        return _misspelt(product_action, "action") or ["product_action has no action"]
    if isinstance(action, str) and action in ACTIONS:
        return [f"action {shown(action)} is not one of broker:event_types"]
    return [f"action {_word(action, ACTIONS)}"]


def _of_product(product: object, action: object, rules: Rules) -> Iterator[str]:
    if not isinstance(product, dict):
        yield f"{shown(product)} is not an object"
        return
    item_id = product_lines.item_id(product)
    if product.get("id") is None:
        key = key_meant(product, "id", ID_KEYS)
        yield "it has no id" + (f"; key '{key}': did you mean id?" if key else "")
    elif isinstance(item_id, SkipReason):
        yield f"id {shown(product['id'])} {WRONG_ID[item_id]}"
    amounts = product_lines.amounts_of(product)
    if action == PURCHASE and amounts.is_return:
        yield "a negative quantity or amount: a return, which is left out"
    yield from _recommendation_id(product, rules)
    for name in amounts.unread if rules.event_value else ():
        yield f"{name} {shown(product[name])} is not a number with a decimal point: left out"


def _recommendation_id(holder: Mapping[str, Any], rules: Rules) -> Iterator[str]:
    """Say where an event or a product brings back an id that can't be sent."""
    name, attributes = rules.recommendation_id_attribute, holder.get("custom_attributes")
    if isinstance(attributes, dict) and from_attributes(attributes, name).omissions:
        yield f"{name} {shown(attributes[name])} is no id of at most {MAX_LENGTH} characters: left out"


def _misspelt(holder: Mapping[Any, Any], wanted: str) -> list[str]:
    key = key_meant(holder, wanted)
    return [f"key '{key}': did you mean {wanted}?"] if key else []


def _word(word: object, known: tuple[str, ...]) -> str:
    nearest = meant(word, known) if isinstance(word, str) else None
    return f"{shown(word)}: did you mean {nearest}?" if nearest else f"{shown(word)} is none of mParticle's"


def _time(value: object) -> str:
    number = times.number_from_json(value)
    unit = None if number is None else times.unit_of(number)
    is_other = unit not in (None, times.Unit.SECONDS, times.Unit.MILLISECONDS)
    why = (
        f"it is in {unit.label}"
        if unit is not None and is_other
        else "it is not between 2000 and a day from its arrival"
    )
    return f"{TIME} {shown(value)}: {why}: not used"
