"""What customers of Items4U do over days, in virtual time: visits without uploads and services.

They have the tastes and habits of the shop's shoppers, but come a fifth as often, to the web site only, and buy less
often: a shop that is played for seconds needs many visits, an experiment of weeks many customers.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from local_stack.items4u.catalogue import Item, catalogue
from local_stack.items4u.shoppers import Shopper, shoppers
from local_stack.items4u.slot import PLACES, Slot, chosen
from local_stack.items4u.visits import Memory, remember, visit

VISITS, PURCHASES = 0.2, 0.6
"""How often they come, as a share of the shoppers' visits, and how often they buy what a shopper would."""


@dataclass(frozen=True)
class Visits:
    """Visits by customer and day, one a row, with what each would buy; days before 0 are before the experiment.

    ``persuaded_below``: a visitor who sees their own list in the slot buys one item more, at ``listed_price``, if the
    slot's effect is above it; it is 1 where they do not see the slot.
    """

    customers: int
    customer: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    revenue: npt.NDArray[np.float64]
    units: npt.NDArray[np.int64]
    sees_slot: npt.NDArray[np.bool_]
    persuaded_below: npt.NDArray[np.float64]
    listed_price: npt.NDArray[np.float64]


def visits(seed: int, customers: int, days: Sequence[int], slot: Slot) -> Visits:
    """Return the visits of as many customers in a range of days, the same ones for the same seed."""
    items = catalogue(seed)
    rows = [
        (number, *row)
        for number, shopper in enumerate(consenting(seed, customers))
        for row in _diary(shopper, items, days, slot, random.Random(f"customer {seed} {shopper.number}"))
    ]
    number, day, revenue, units, sees, below, price = zip(*rows, strict=True)
    return Visits(
        customers,
        np.array(number),
        np.array(day),
        np.array(revenue),
        np.array(units),
        np.array(sees, bool),
        np.array(below),
        np.array(price),
    )


def consenting(seed: int, count: int) -> list[Shopper]:
    """Return the first shoppers whose data may be used: the others are in no experiment."""
    return [shopper for shopper in shoppers(seed, count + count // 10 + 50) if shopper.sells_data][:count]


def own_list(shopper: Shopper, memory: Memory, items: Sequence[Item]) -> list[Item]:
    """Return a list as a good model would make it: the items that this customer likes best and has not bought."""
    weights = dict(shopper.taste.categories)
    new = [item for item in items if item.category in weights and item.id not in memory.bought]
    return sorted(new, key=lambda item: -weights[item.category] * shopper.taste.liking(item))[:PLACES]


def _diary(
    shopper: Shopper, items: Sequence[Item], days: Sequence[int], slot: Slot, rng: random.Random
) -> Iterator[tuple[int, float, int, bool, float, float]]:
    """Yield the visits: day, revenue, units, whether the slot is seen, when it persuades, and the price of the item."""
    memory = Memory()
    for day in days:
        if rng.random() >= shopper.activity * VISITS:
            continue
        sees = rng.random() < slot.seen
        listed = own_list(shopper, memory, items)
        below, choice = rng.random(), rng.random()
        seen = visit(shopper, memory, items, rng)
        if rng.random() >= PURCHASES:
            seen = replace(seen, bought=())
        remember(memory, seen)
        revenue = sum(item.price for item in seen.bought)
        price = chosen(listed, shopper.taste, choice).price
        yield day, round(revenue, 2), len(seen.bought), sees, below if sees else 1.0, price
