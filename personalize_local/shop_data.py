"""The data of a small made-up shop, drawn again at each start so that its newest interactions are from today.

What customers view and buy follows the categories and the style that they like, so that a model has something to learn.
"""

import csv
import io
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

CUSTOMERS, VISITS, DAYS = 400, 4000, 60
CATEGORIES = {
    "kitchen": ("Kettle", "Skillet", "Apron", "Carafe"),
    "garden": ("Planter", "Trowel", "Trellis", "Lantern"),
    "lighting": ("Desk Lamp", "Floor Lamp", "Pendant", "Night Light"),
    "bags": ("Backpack", "Tote", "Wallet", "Weekender"),
    "camping": ("Tarp", "Hammock", "Stove", "Blanket"),
    "toys": ("Puzzle", "Kite", "Marble Run", "Dominoes"),
}
STYLES = ("nordic", "retro", "urban", "country", "bold")
SEGMENTS = ("newsletter", "app", "store")
BUYS = 0.3  # of the visits end with a purchase

Row = tuple[str | int | float, ...]


@dataclass(frozen=True)
class ShopData:
    """Three CSV files with the columns of ``SCHEMAS``, as text."""

    items: str
    users: str
    interactions: str


def shop_data(now: float, seed: int = 1) -> ShopData:
    """Draw 120 items, 400 customers and about 13,000 interactions of the 60 days before ``now`` (epoch seconds)."""
    chance = random.Random(f"shop {seed}")  # noqa: S311 - made-up data
    items = list(_items(chance))
    customers = [f"customer-{number}" for number in range(1, CUSTOMERS + 1)]
    users = [(customer, chance.choice(SEGMENTS)) for customer in customers]
    visits = _visits(customers, items, now, chance)
    return ShopData(
        items=_csv(("ITEM_ID", "NAME", "CATEGORY", "STYLE", "PRICE"), items),
        users=_csv(("USER_ID", "SEGMENT"), users),
        interactions=_csv(("USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"), visits),
    )


def _items(chance: random.Random) -> Iterator[Row]:
    numbers = iter(range(1, 1000))
    for category, things in CATEGORIES.items():
        for style in STYLES:
            for thing in things:
                price = round(chance.uniform(5, 120), 2)
                yield f"item-{next(numbers):03}", f"{style.capitalize()} {thing}", category, style, price


def _visits(customers: Sequence[str], items: Sequence[Row], now: float, chance: random.Random) -> Iterator[Row]:
    fame = [chance.paretovariate(1.2) for _ in items]
    wants = {customer: _wants(items, fame, chance) for customer in customers}
    for began in sorted(int(now - chance.uniform(0, DAYS * 86_400)) - 60 for _ in range(VISITS)):
        customer = chance.choice(customers)
        viewed = chance.choices(items, wants[customer], k=chance.randint(1, 5))
        yield from ((customer, str(item[0]), "View", began + step) for step, item in enumerate(viewed))
        if chance.random() < BUYS:
            yield customer, str(viewed[-1][0]), "Purchase", began + len(viewed)


def _wants(items: Sequence[Row], fame: Sequence[float], chance: random.Random) -> list[float]:
    """Return how likely a customer views each item."""
    categories, style = chance.sample(list(CATEGORIES), 2), chance.choice(STYLES)
    return [
        liked * ((6.0 if item[2] in categories else 0.3) * (4.0 if item[3] == style else 1.0))
        for item, liked in zip(items, fame, strict=True)
    ]


def _csv(names: Sequence[str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()
