"""Sessions to play against mParticle: the shopper, the purchases, and the batches to post.

Nothing here waits, posts or reads the time: a caller takes the next batch, which then gets the time of the caller's
clock. The same seed gives the same sessions, in whatever order they are interleaved.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from local_stack.items4u import script
from local_stack.items4u.batches import Caller, batch
from local_stack.items4u.catalogue import catalogue
from local_stack.items4u.shoppers import Shopper, made_up_uuid, shoppers
from local_stack.items4u.slot import ProfileList, Slot, SlotVisit, best_sellers, look
from local_stack.items4u.visits import Memory, Visit, remember, store_visit, visit

DEVELOPMENT_SHARE = 0.015
"""Sessions of the shop's own developers, which must not train anything."""

NO_LIST = ProfileList()


@dataclass(frozen=True)
class Post:
    """One batch for a named input, and its ``(action, item id)`` pairs that a broker should train on."""

    input: str
    batch: dict[str, Any]
    interactions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Session:
    """One visit of one shopper.

    ``known_identities`` are what an SDK knows at its start, for ``POST /v1/identify``; ``purchased_items`` the ids of
    what is bought in it, in order, whatever the slot shows; ``consents`` is False for a shopper whose data must not be
    used. ``slot`` is None where nobody sees it.
    """

    shopper_id: str
    input: str
    environment: str
    known_identities: dict[str, str]
    purchased_items: tuple[str, ...]
    consents: bool
    caller: Caller
    uploads: tuple[script.Upload, ...]
    slot: SlotVisit | None = None

    def posts(self, clock: Callable[[], float], recommended: ProfileList = NO_LIST) -> Iterator[Post]:
        """Yield the session's posts, each with its time of yielding (epoch seconds); a repeated post keeps its time.

        ``recommended``: for the slot.
        """
        started_ms = int(clock() * 1000)
        for upload in self._all_uploads(recommended):
            document = batch(self.caller, upload, now_ms=int(clock() * 1000), started_ms=started_ms)
            usable = self.consents and self.environment == "production"
            yield Post(self.input, document, upload.interactions if usable else ())
            for again in upload.repeats:
                yield Post(self.input, {**document, "source_request_id": again}, ())

    def _all_uploads(self, recommended: ProfileList) -> Iterator[script.Upload]:
        """Yield the uploads, with those of the slot: it is seen on arrival, and what it leads to comes last."""
        first, *rest = self.uploads
        yield first
        if self.slot is None:
            yield from rest
            return
        rng = random.Random(f"slot {self.caller.session_uuid}")
        yield script.single(self.slot.shown(recommended), rng, signed_in=first.signed_in)
        yield from rest
        for event in self.slot.led_to(recommended, script.transaction_id(rng)):
            yield script.single(event, rng, signed_in=self.uploads[-1].signed_in)


class Shop:
    """Items4U on one seed: its items, its shoppers, and their sessions.

    ``slot``: what visitors see from the next session on; None without a slot.
    """

    def __init__(self, seed: int, shopper_count: int = 200, slot: Slot | None = None) -> None:
        self.items = catalogue(seed)
        self.shoppers = shoppers(seed, shopper_count)
        self._seed = seed
        self.slot = slot
        self._item_of = {item.id: item for item in self.items}
        self._best_sellers = best_sellers(self.items)

    def sessions(self) -> Iterator[Session]:
        """Yield sessions endlessly, day by day, each shopper at most once per day and in a new order every day.

        So consecutive sessions in which no shopper occurs twice may run at the same time.
        """
        order = random.Random(f"days {self._seed}")
        diaries = {shopper.number: self._diary(shopper) for shopper in self.shoppers}
        while True:
            visitors = [shopper for shopper in self.shoppers if order.random() < shopper.activity]
            order.shuffle(visitors)
            for shopper in visitors:
                yield next(diaries[shopper.number])

    def _diary(self, shopper: Shopper) -> Iterator[Session]:
        rng = random.Random(f"diary {self._seed} {shopper.number}")
        memory = Memory()
        if not shopper.starts_anonymous:
            memory.signed_in_on.update(device.id for device in shopper.devices)
        while True:
            is_in_store = rng.random() < shopper.till
            yield self._in_store(shopper, memory, rng) if is_in_store else self._online(shopper, memory, rng)

    def _in_store(self, shopper: Shopper, memory: Memory, rng: random.Random) -> Session:
        seen = store_visit(shopper, memory, self.items, rng)
        remember(memory, seen)
        caller = Caller(shopper, None, made_up_uuid(rng), "production")
        return _session(caller, {"customer_id": shopper.customer_id}, seen, script.at_the_till(seen, rng))

    def _online(self, shopper: Shopper, memory: Memory, rng: random.Random) -> Session:
        device = rng.choice(shopper.devices)
        environment = "development" if rng.random() < DEVELOPMENT_SHARE else "production"
        caller = Caller(shopper, device, made_up_uuid(rng), environment)
        seen = visit(shopper, memory, self.items, rng)
        remember(memory, seen)
        is_known = device.id in memory.signed_in_on
        signs_in = not is_known and bool(seen.bought or rng.random() < 0.5)
        known = {"device_application_stamp": device.id}
        if is_known:
            known["customer_id"] = shopper.customer_id
        if signs_in:
            memory.signed_in_on.add(device.id)
        uploads = script.online(seen, self.items, rng, is_known=is_known, signs_in=signs_in)
        return replace(_session(caller, known, seen, uploads), slot=self._slot_visit(caller))

    def _slot_visit(self, caller: Caller) -> SlotVisit | None:
        if self.slot is None:
            return None
        # A random source apart: with a slot, visitors do what they do without it.
        seen = look(self.slot, caller.shopper.taste, random.Random(f"look {caller.session_uuid}"))
        return SlotVisit(self.slot.list_name, seen, self._item_of, self._best_sellers) if seen else None


def _session(caller: Caller, known: dict[str, str], seen: Visit, uploads: tuple[script.Upload, ...]) -> Session:
    return Session(
        shopper_id=caller.shopper.customer_id,
        input=caller.device.input if caller.device else "till",
        environment=caller.environment,
        known_identities=known,
        purchased_items=tuple(item.id for item in seen.bought),
        consents=caller.shopper.sells_data,
        caller=caller,
        uploads=uploads,
    )
