"""The slot of the shop: the place where a visitor sees their profile's list, or best-sellers where there is none.

The shop reports an impression of it to mParticle in every variant of an experiment, and takes part in one by an effect
that is known: some of those who see a list buy an item of it that they would not have bought otherwise. Best-sellers
and the list of a holdout persuade nobody.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from broker.experiment import HOLDOUT

from local_stack.items4u import events
from local_stack.items4u.catalogue import Item
from local_stack.items4u.events import Event
from local_stack.items4u.shoppers import Taste

PLACES = 10
LIST_ID, VARIANT = "product_recs_id", "ml_variant"
"""Attributes of the profile: its variant, and the id of its list, which the events that the list led to have, too."""


@dataclass(frozen=True)
class Slot:
    """A slot. ``list_name`` is that of its impressions, ``seen`` the share of the online visits in which it is seen.

    ``effect``: of the visits in which somebody sees their own list there, the share that ends with one purchase more.
    """

    list_name: str = "recommended"
    seen: float = 0.35
    effect: float = 0.0


@dataclass(frozen=True)
class Look:
    """A visitor's look at the slot, drawn before anybody knows what is shown there.

    ``is_persuaded``: if the list is theirs, they buy an item of it. ``choice`` (0 to 1) says which.
    """

    taste: Taste
    is_persuaded: bool
    choice: float

    def bought(self, listed: Sequence[Item]) -> Item | None:
        """Return the item that the visitor buys of their own list, None if they buy none."""
        return chosen(listed, self.taste, self.choice) if self.is_persuaded and listed else None


@dataclass(frozen=True)
class ProfileList:
    """The list on a profile, best first, with its id and the user's variant; empty where there is none."""

    items: tuple[str, ...] = ()
    id: str | None = None
    variant: str | None = None


@dataclass(frozen=True)
class SlotVisit:
    """The slot in one visit: a look, and all that the shop needs to fill the slot."""

    list_name: str
    look: Look
    items: Mapping[str, Item]
    best_sellers: tuple[Item, ...]

    def shown(self, recommended: ProfileList) -> Event:
        """Return the impression: of the profile's list or, without one, of best-sellers, which are no list of ours."""
        listed = self._listed(recommended)
        impression = events.impressions(self.list_name, listed or self.best_sellers)
        return _of_list(impression, recommended) if listed else impression

    def led_to(self, recommended: ProfileList, transaction_id: str) -> Iterator[Event]:
        """Yield the events to which the slot leads: the visitor looks at an item of their list, and buys it."""
        item = self.look.bought(self._listed(recommended)) if recommended.variant != HOLDOUT else None
        if item:
            product = events.product(item)
            yield _of_list(events.commerce("view_detail", [product]), recommended)
            yield _of_list(events.commerce("purchase", [product], transaction_id), recommended)

    def _listed(self, recommended: ProfileList) -> list[Item]:
        return [self.items[item] for item in recommended.items if item in self.items]


def look(slot: Slot, taste: Taste, rng: random.Random) -> Look | None:
    """Draw whether a visitor looks at the slot, and what comes of it; a larger effect persuades the same and more."""
    seen, persuaded, choice = rng.random(), rng.random(), rng.random()
    return Look(taste, persuaded < slot.effect, choice) if seen < slot.seen else None


def best_sellers(items: Sequence[Item]) -> tuple[Item, ...]:
    """Return the items that the slot shows whoever has no list."""
    return tuple(sorted(items, key=lambda item: (-item.pull, item.id))[:PLACES])


def chosen(listed: Sequence[Item], taste: Taste, choice: float) -> Item:
    """Return the item at ``choice`` (0 to 1) of a list, where each has a part as large as its liking."""
    likings = [taste.liking(item) for item in listed]
    rest = choice * sum(likings)
    for item, liking in zip(listed, likings, strict=True):
        rest -= liking
        if rest < 0:
            return item
    return listed[-1]


def _of_list(event: Event, recommended: ProfileList) -> Event:
    attributes = {"custom_attributes": {LIST_ID: recommended.id}} if recommended.id else {}
    return {**event, "data": {**event["data"], **attributes}}
