"""The actions of a visit: views, items put aside and purchases, by taste and regardless of recommendations."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local_stack.items4u.catalogue import CATEGORIES, Item
from local_stack.items4u.shoppers import Shopper


@dataclass
class Memory:
    """A shopper's memory between visits."""

    bought: dict[str, Item] = field(default_factory=dict)
    wished: dict[str, Item] = field(default_factory=dict)
    signed_in_on: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Visit:
    """The actions of one visit; ``bought`` may hold items that were put aside earlier."""

    viewed: tuple[Item, ...]
    carted: tuple[Item, ...]
    wished: tuple[Item, ...]
    bought: tuple[Item, ...]


def visit(shopper: Shopper, memory: Memory, items: Sequence[Item], rng: random.Random) -> Visit:
    """Draw a visit, mostly to one liked category; sometimes a shopper stocks up or buys something again."""
    viewed = _look(shopper, memory, items, rng)
    carted = [item for item in viewed if rng.random() < 0.4]
    wished = [item for item in viewed if item not in carted and rng.random() < 0.15]
    bought = list(carted) if carted and rng.random() < 0.7 else []
    bought += [item for item in memory.wished.values() if rng.random() < 0.15]
    bought += [item for item in memory.bought.values() if item.is_consumable and rng.random() < 0.05]
    if rng.random() < 0.015:
        liked = dict(shopper.taste.categories)
        bought += _draw(shopper, memory, [item for item in items if item.category in liked], 12, rng)
    return Visit(tuple(viewed), tuple(carted), tuple(wished), _each_once(bought))


def store_visit(shopper: Shopper, memory: Memory, items: Sequence[Item], rng: random.Random) -> Visit:
    """Draw a visit to the store, which only the till reports."""
    bought = _look(shopper, memory, items, rng)[: rng.choice((1, 1, 2, 3))]
    return Visit((), (), (), _each_once(bought))


def remember(memory: Memory, seen: Visit) -> None:
    """Update a memory after a visit."""
    memory.wished.update({item.id: item for item in seen.wished})
    for item in seen.bought:
        memory.bought[item.id] = item
        memory.wished.pop(item.id, None)


def _look(shopper: Shopper, memory: Memory, items: Sequence[Item], rng: random.Random) -> list[Item]:
    category = _category(shopper, rng)
    shelf = [item for item in items if item.category == category]
    viewed = _draw(shopper, memory, shelf, rng.choice((1, 2, 3, 3, 4)), rng)
    if rng.random() < 0.35:
        other = _category(shopper, rng)
        viewed += _draw(shopper, memory, [item for item in items if item.category == other], 1, rng)
    return list(_each_once(viewed))


def _category(shopper: Shopper, rng: random.Random) -> str:
    if rng.random() < 0.15:
        return rng.choice(CATEGORIES)
    liked, weights = zip(*shopper.taste.categories, strict=True)
    return str(rng.choices(liked, weights)[0])


def _draw(shopper: Shopper, memory: Memory, items: Sequence[Item], count: int, rng: random.Random) -> list[Item]:
    """Draw items without replacement, each with a probability proportional to its weight."""
    # Efraimidis and Spirakis: the largest u^(1/w) are a weighted sample without replacement.
    keys = {
        item.id: rng.random() ** (1 / (shopper.taste.liking(item) * (0.1 if item.id in memory.bought else 1.0)))
        for item in items
    }
    return sorted(items, key=lambda item: keys[item.id], reverse=True)[:count]


def _each_once(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple({item.id: item for item in items}.values())
