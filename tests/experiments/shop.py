"""Made-up events of a shop with an experiment: what a customer does, and how much more of it in a variant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from broker.experiment import Experiment, Variant

from experiments.events import ACTIVITY, IMPRESSION, LIST, PURCHASE, SCHEMA, Events, Row, events
from experiments.outcomes import DAY_MS

START = 1_699_228_800_000  # 2023-11-06, a Monday
AUTUMN = Experiment("autumn", {"control": Variant(50), "fresh": Variant(50)}, began=START // 1000)


@dataclass(frozen=True)
class Shop:
    """``rates``: how probably a customer buys within days of their visit, by variant. ``sees``: who sees the slot."""

    customers: int = 4_000
    days: int = 28
    rates: Mapping[str, float] | None = None
    rate: float = 0.1
    sees: float = 1.0
    seed: int = 1


def rows(shop: Shop, variant_of: Callable[[int], str]) -> list[Row]:
    """Return what all customers do: a visit, perhaps with the slot, and perhaps a purchase of a listed item."""
    random = np.random.default_rng(shop.seed)
    found: list[Row] = []
    for mpid in range(1, shop.customers + 1):
        variant = variant_of(mpid)
        visit = START + int(random.integers(0, shop.days * DAY_MS))
        found.append(row(mpid, visit - 1000, ACTIVITY))
        sees = random.random() < shop.sees
        if sees:
            found.append(row(mpid, visit, IMPRESSION))
        if random.random() < 0.2:
            found.append(row(mpid, visit - 5 * DAY_MS, PURCHASE, "old", 10.0, 1.0, f"b{mpid}"))
        if variant != "holdout":
            found.append(row(mpid, visit + 10, LIST, items=["a", "b"], key=f"l{mpid}", variant=variant))
        rate = (shop.rates or {}).get(variant, shop.rate) if sees else shop.rate
        if random.random() < rate:
            item, value = ("a", 20.0) if random.random() < 0.5 else ("z", 30.0)
            found.append(
                row(mpid, visit + int(random.exponential(DAY_MS / 4)) + 20, PURCHASE, item, value, 1.0, f"p{mpid}")
            )
    # Somebody without an mpid comes at the very end, so that all days are whole.
    return [*found, row("last", START + shop.days * DAY_MS, ACTIVITY)]


def row(
    user: int | str,
    time: int,
    kind: str,
    item: str | None = None,
    value: float | None = None,
    quantity: float | None = None,
    key: str | None = None,
    *,
    credited: bool = False,
    session: str | None = None,
    variant: str | None = None,
    items: list[str] | None = None,
) -> Row:
    """Return one event."""
    return (str(user), time, kind, item, value, quantity, credited, key, session, variant, items)


def frame(*given: Row) -> pl.DataFrame:
    """Return events as their table."""
    return pl.DataFrame(list(given), schema=SCHEMA, orient="row")


def shop_events(shop: Shop, experiment: Experiment = AUTUMN) -> Events:
    """Return the events of a shop under an experiment."""
    return events(rows(shop, experiment.variant_of))
