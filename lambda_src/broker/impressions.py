"""Impressions: which items of a list a user was shown, and with which of their interactions they are reported.

A shop reports them as mParticle's ``product_impressions`` of a list with an agreed name, with the recommendation id of
the list that the user's profile has. Personalize takes them as part of the interaction that they led to. So they are
kept for each user and recommendation id until the session ends.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from broker import product_lines
from broker.batch import Batch, Event
from broker.interactions import Interaction, Rules, session_id, why_not
from broker.json_values import mapping
from broker.reasons import SkipReason
from broker.recommendation_ids import RecommendationId, from_attributes
from broker.recommendations import within

MAX_ITEMS = 25  # Personalize API reference, Event.impression
MAX_BYTES = 8_000  # of the items as JSON: an event may have 10 KB (Amazon Personalize quotas)
MAX_LISTS = 5  # of a user: the newest
# Seconds for which an impression counts, at most. Within, it counts for its session: the next one may be hours later,
# and mParticle does not say when a session has ended.
KEPT = 4 * 3_600


class Impression(NamedTuple):
    """What one event says that a user was shown. ``recommendation_id``: None where the list is not the broker's."""

    mpid: int
    recommendation_id: str | None
    session_id: str
    items: tuple[str, ...]
    arrived_ms: int


class Shown(NamedTuple):
    """What is kept of one list: the session, the items in the order in which they were shown, and when that arrived."""

    session_id: str
    items: tuple[str, ...]
    arrived_ms: int


Lists = Mapping[str, Shown]  # of one user, by recommendation id


def impressions(batch: Batch, rules: Rules) -> list[Impression]:
    """Return the impressions of a batch; none of a batch that may not be reported."""
    if rules.impression_list is None or not batch.mpid:
        return []
    found = [impression for event in batch.events for impression in _of_event(batch, event, rules)]
    return found if found and why_not(batch, rules) is None else []


def with_impressions(lists: Lists, new: Iterable[Impression]) -> dict[str, Shown]:
    """Return a user's lists with further impressions: those of a list in one session are one, and the newest stay."""
    merged = dict(lists)
    for impression in new:
        if impression.recommendation_id is None:
            continue
        known = merged.pop(impression.recommendation_id, None)
        is_same = known is not None and known.session_id == impression.session_id
        items = (*known.items, *impression.items) if known and is_same else impression.items
        arrived_ms = max(impression.arrived_ms, known.arrived_ms if known else 0)
        merged[impression.recommendation_id] = Shown(impression.session_id, _fitting(items), arrived_ms)
    newest = sorted(merged.items(), key=lambda pair: pair[1].arrived_ms)[-MAX_LISTS:]
    return {id: shown for id, shown in newest if newest[-1][1].arrived_ms - shown.arrived_ms <= KEPT * 1000}


def items_shown(lists: Lists, interaction: Interaction, arrived_ms: int) -> tuple[str, ...]:
    """Return what a user was shown with the item of an interaction, which arrived then; nothing where it is not known.

    ``interaction`` names the list by its recommendation id.
    """
    shown = lists.get(interaction.recommendation_id or "")
    if shown is None or shown.session_id != interaction.session_id or interaction.item_id not in shown.items:
        return ()
    return shown.items if arrived_ms - shown.arrived_ms <= KEPT * 1000 else ()


def as_json(lists: Lists) -> str:
    """Return what is stored of a user's lists."""
    return json.dumps({id: [shown.session_id, shown.arrived_ms, list(shown.items)] for id, shown in lists.items()})


def lists_from_json(text: str) -> dict[str, Shown]:
    """Read what is stored of a user's lists. Raises ValueError."""
    stored: Mapping[str, Any] = json.loads(text)
    return {id: Shown(session, tuple(items), arrived_ms) for id, (session, arrived_ms, items) in stored.items()}


def _of_event(batch: Batch, event: Event, rules: Rules) -> Iterator[Impression]:
    listed = event.data.get("product_impressions")
    if not listed or event.type != "commerce_event" or batch.mpid is None:
        return
    attribute = rules.recommendation_id_attribute
    of_event = from_attributes(event.data.get("custom_attributes"), attribute)
    session = session_id(batch, event)
    for one in listed if isinstance(listed, list) else ():
        if mapping(one).get("product_impression_list") == rules.impression_list:
            for id, items in _by_list(product_lines.listed(one), attribute, of_event).items():
                yield Impression(batch.mpid, id, session, _fitting(items), batch.arrived_ms)


def _by_list(products: Iterable[Any], attribute: str, of_event: RecommendationId) -> dict[str | None, list[str]]:
    """Return the items of the product lines, by the recommendation id that each of them names."""
    items: dict[str | None, list[str]] = {}
    for product in products:
        item = product_lines.item_id(product) if isinstance(product, dict) else SkipReason.BAD_EVENT
        if not isinstance(item, SkipReason):
            id = from_attributes(product.get("custom_attributes"), attribute, of_event).text
            items.setdefault(id, []).append(item)
    return items


def _fitting(items: Iterable[str]) -> tuple[str, ...]:
    """Return the items, each once, as many as an event may have."""
    unique = list(dict.fromkeys(items))[:MAX_ITEMS]
    return tuple(within(unique, MAX_BYTES, lambda item: len(json.dumps(item)) + 2))
