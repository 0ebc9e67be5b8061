"""How often a list held what was bought next, beside the list of the most popular items, on the same purchases."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

TOP = 10
RESAMPLES = 2000


@dataclass(frozen=True)
class Purchase:
    """What a customer's profile recommended before a visit, best first, and what was bought on it."""

    customer: str
    recommended: Sequence[str]
    bought: Sequence[str]


@dataclass(frozen=True)
class HitRates:
    """Shares of purchases whose top ten held something that was bought, and the 95 % interval of their difference."""

    purchases: int
    hit_rate: float
    popularity: float
    difference_95: tuple[float, float]


def most_popular(item_ids: Iterable[str]) -> tuple[str, ...]:
    """Return the ten items that occur most, the first by name among equals."""
    counts = Counter(item_ids)
    return tuple(sorted(counts, key=lambda item: (-counts[item], item))[:TOP])


def compare(purchases: Sequence[Purchase], popular: Sequence[str], seed: int) -> HitRates | None:
    """Compare both lists on the same purchases; None where there are none.

    The interval is a paired bootstrap over customers, since one customer's purchases are not independent.
    """
    if not purchases:
        return None
    hits = np.array([[_hit(one.recommended, one.bought), _hit(popular, one.bought)] for one in purchases], float)
    customers = sorted({one.customer for one in purchases})
    places = {customer: place for place, customer in enumerate(customers)}
    sums = np.zeros((len(customers), 2))
    np.add.at(sums, [places[one.customer] for one in purchases], np.c_[hits[:, 0] - hits[:, 1], np.ones(len(hits))])
    drawn = np.random.default_rng(seed).integers(len(customers), size=(RESAMPLES, len(customers)))
    difference, number = sums[drawn].sum(axis=1).T
    low, high = np.quantile(difference / number, [0.025, 0.975])
    mine, popularity = hits.mean(axis=0)
    return HitRates(len(purchases), float(mine), float(popularity), (float(low), float(high)))


def _hit(items: Sequence[str], bought: Sequence[str]) -> bool:
    return not set(bought).isdisjoint(items[:TOP])
