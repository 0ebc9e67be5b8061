"""The uploads of a visit: its events in order, split into batches as an SDK would send them.

An SDK collects events and uploads them with the next commerce event. The visits include what occurs in every shop:
screens, searches, promotions, impressions, removals, opt-outs, products without an id, uploads sent twice.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from local_stack.items4u import events
from local_stack.items4u.catalogue import Item
from local_stack.items4u.events import Event
from local_stack.items4u.shoppers import made_up_uuid
from local_stack.items4u.visits import Visit

TRAINED_ON = frozenset({"view_detail", "add_to_cart", "add_to_wishlist", "purchase"})


@dataclass(frozen=True)
class Upload:
    """Events that are posted together; ``message_ids`` has one UUID per event.

    ``repeats`` holds the request id of each repeated post of the same events: the same id for a retry, a new one for an
    app that lost track of its first post.
    """

    events: tuple[Event, ...]
    signed_in: bool
    request_id: str
    message_ids: tuple[str, ...]
    repeats: tuple[str, ...] = ()

    @property
    def interactions(self) -> tuple[tuple[str, str], ...]:
        """Return the ``(action, item id)`` pairs of the reported actions; products without an id have none.

        Events that are uploaded together with an opt-out must not train.
        """
        if any(event["data"].get("is_opted_out") for event in self.events):
            return ()
        actions = [event["data"].get("product_action") for event in self.events]
        return tuple(
            (action["action"], product["id"])
            for action in actions
            if action and action["action"] in TRAINED_ON
            for product in action["products"]
            if "id" in product
        )


def online(
    seen: Visit, items: Sequence[Item], rng: random.Random, *, is_known: bool, signs_in: bool
) -> tuple[Upload, ...]:
    """Return the uploads of a visit to the web site or an app."""
    browsing = _browsing(seen, items, rng)
    signing_in = [events.custom("Signed In", "other", method="password"), events.attribute_change("signed_in", "true")]
    buying = _buying(seen, rng)
    before = rng.randrange(len(browsing) + 1) if signs_in else len(browsing)
    return (
        *_cut([*_arriving(rng), *browsing[:before]], rng, signed_in=is_known),
        *_cut(
            [*(signing_in if signs_in else []), *browsing[before:], *buying, *_leaving(rng)],
            rng,
            signed_in=is_known or signs_in,
        ),
    )


def at_the_till(seen: Visit, rng: random.Random) -> tuple[Upload, ...]:
    """Return the one upload of a visit to the store."""
    return tuple(_cut([_purchase(seen.bought, rng)], rng, signed_in=True))


def single(event: Event, rng: random.Random, *, signed_in: bool) -> Upload:
    """Return the upload of one event, which is posted once."""
    return Upload((event,), signed_in, made_up_uuid(rng), (made_up_uuid(rng),))


def transaction_id(rng: random.Random) -> str:
    """Return an id of a purchase."""
    return f"T{rng.randrange(10**9):09}"


def _arriving(rng: random.Random) -> list[Event]:
    arriving = [events.bare("session_start"), events.screen("Home")]
    if rng.random() < 0.2:
        name = rng.choice(("spring", "two-for-one", "free-delivery"))
        arriving.append(events.promotion(rng.choice(("view", "view", "click")), name))
    if rng.random() < 0.01:
        arriving += [events.opt_out(is_opted_out=True), events.opt_out(is_opted_out=False)]
    return arriving


def _browsing(seen: Visit, items: Sequence[Item], rng: random.Random) -> list[Event]:
    browsing: list[Event] = []
    for item in seen.viewed:
        if rng.random() < 0.15:
            browsing.append(events.impressions(item.category, rng.sample(items, 4)))
        if rng.random() < 0.2:
            browsing.append(events.custom("Search", "search", term=item.name.split()[-1].lower()))
        browsing += [events.screen(item.name), _shown(item, rng)]
        if item in seen.carted:
            browsing.append(events.commerce("add_to_cart", [events.product(item)]))
        if item in seen.wished:
            browsing.append(events.commerce("add_to_wishlist", [events.product(item)]))
    return browsing


def _shown(item: Item, rng: random.Random) -> Event:
    return events.commerce("view_detail", [events.product(item, with_id=rng.random() > 0.004)])


def _buying(seen: Visit, rng: random.Random) -> list[Event]:
    buying = [
        events.commerce("remove_from_cart", [events.product(item)])
        for item in seen.carted
        if item not in seen.bought and rng.random() < 0.3
    ]
    if seen.bought:
        if rng.random() < 0.4:
            buying.append(events.commerce("checkout", [events.product(item) for item in seen.bought]))
        buying.append(_purchase(seen.bought, rng))
    return buying


def _purchase(bought: Sequence[Item], rng: random.Random) -> Event:
    products = [
        events.product(item, position, 1 + (item.is_consumable and rng.random() < 0.4))
        for position, item in enumerate(bought, 1)
    ]
    return events.commerce("purchase", products, transaction_id=transaction_id(rng))


def _leaving(rng: random.Random) -> list[Event]:
    return (
        [events.bare("session_end", session_duration_ms=rng.randrange(20_000, 900_000))] if rng.random() < 0.3 else []
    )


def _cut(log: list[Event], rng: random.Random, *, signed_in: bool) -> list[Upload]:
    uploads: list[Upload] = []
    pending: list[Event] = []
    for event in log:
        pending.append(event)
        if "product_action" in event["data"]:
            uploads.append(_upload(pending, rng, signed_in=signed_in))
            pending = []
    if pending:
        uploads.append(_upload(pending, rng, signed_in=signed_in))
    return uploads


def _upload(log: Sequence[Event], rng: random.Random, *, signed_in: bool) -> Upload:
    upload = Upload(tuple(log), signed_in, made_up_uuid(rng), tuple(made_up_uuid(rng) for _ in log))
    if rng.random() < 0.01:
        return replace(upload, repeats=(rng.choice((upload.request_id, made_up_uuid(rng))),))
    return upload
