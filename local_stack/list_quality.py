"""Hit rates of the profiles' lists on the next purchases, compared with simple lists on the same purchases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from local_stack.simple_lists import SimpleLists

TOP = 10
MODEL = "the model"
RESAMPLES = 4000
AT_ONCE = 100  # resamples per block, which bounds the memory for any number of customers
ENOUGH_TO_JUDGE = 30


@dataclass(frozen=True)
class Purchase:
    """The list on a customer's profile before a visit, best first, and the items bought on the visit.

    ``history`` has the item id of each of their interactions before the visit, oldest first; ``ranked`` is the model's
    longer list for them at that time.
    """

    customer: str
    recommended: Sequence[str]
    bought: Sequence[str]
    history: Sequence[str] = ()
    ranked: Sequence[str] = ()

    @property
    def new_items(self) -> list[str]:
        """Return the bought items that the customer had never interacted with."""
        return _without(self.bought, self.history)

    @property
    def ranked_new_items(self) -> list[str]:
        """Return the model's items that the customer had never interacted with, best first."""
        return _without(self.ranked, self.history)


@dataclass(frozen=True)
class SimpleList:
    """A simple list's hit rate, and two confidence intervals of the difference (model minus simple list).

    ``difference_95`` holds by itself at 95 %, ``joint_95`` jointly with those of the other simple lists.
    """

    hit_rate: float
    difference_95: tuple[float, float]
    joint_95: tuple[float, float]


@dataclass(frozen=True)
class HitRates:
    """Hit rates: the share of purchases whose list held a bought item; ``places`` is the lists' mean length."""

    purchases: int
    places: float
    hit_rate: float
    simple: Mapping[str, SimpleList]

    @property
    def is_enough(self) -> bool:
        """Return whether there are enough purchases for a verdict."""
        return self.purchases >= ENOUGH_TO_JUDGE

    @property
    def worse_than(self) -> list[str]:
        """Return the simple lists that the model is worse than."""
        return [name for name, simple_list in self.simple.items() if simple_list.joint_95[1] < 0]

    @property
    def better_than(self) -> list[str]:
        """Return the simple lists that the model is better than."""
        return [name for name, simple_list in self.simple.items() if simple_list.joint_95[0] > 0]

    def verdict(self) -> str:
        """Return the verdict in words; the simple lists that the model does not beat come first.

        The best simple list is chosen on these purchases, so a comparison with that list alone would be biased.
        Therefore the model is compared with each list, and the intervals hold jointly (Bonferroni): with a probability
        of 95 % no *better* and no *worse* of a verdict is false.
        """
        if not self.is_enough:
            return f"only {self.purchases} purchases: too few to tell anything"
        decided = {*self.worse_than, *self.better_than}
        clauses = (
            ("worse than", "and", self.worse_than),
            ("not shown to be better than", "or", [name for name in self.simple if name not in decided]),
            ("better than", "and", self.better_than),
        )
        return "; ".join(f"{words} {_listed(names, link)}" for words, link, names in clauses if names)


@dataclass(frozen=True)
class Comparisons:
    """The comparison on all bought items, and on items new to the customer; None if nothing was bought."""

    anything: HitRates | None
    new_items: HitRates | None


def comparisons(purchases: Sequence[Purchase], simple: SimpleLists, seed: int) -> Comparisons:
    """Compare on all bought items, and on items new to the customer."""
    return Comparisons(compare(purchases, simple, seed), compare_new_items(purchases, simple, seed))


def compare(purchases: Sequence[Purchase], simple: SimpleLists, seed: int) -> HitRates | None:
    """Compare lists of ten on the same purchases; None if there are none."""
    lists = [{MODEL: purchase.recommended[:TOP]} | simple.for_history(purchase.history, TOP) for purchase in purchases]
    return _hit_rates(purchases, [purchase.bought for purchase in purchases], lists, TOP, seed)


def compare_new_items(purchases: Sequence[Purchase], simple: SimpleLists, seed: int) -> HitRates | None:
    """Compare lists on bought items that the customer had never interacted with; None if there are none.

    The items of the customer's history are removed from all lists. They take most places of a profile's list, and the
    rest would be too short: so the model's list is taken from its longer one. Every list has ten places, or as many as
    there are new items in the model's.
    """
    judged = [purchase for purchase in purchases if purchase.new_items]
    recommended = [purchase.ranked_new_items[:TOP] for purchase in judged]
    lists = [
        {MODEL: items} | simple.for_new_items(purchase.history, len(items))
        for purchase, items in zip(judged, recommended, strict=True)
    ]
    places = float(np.mean([len(items) for items in recommended] or [0]))
    return _hit_rates(judged, [purchase.new_items for purchase in judged], lists, places, seed)


def _hit_rates(
    purchases: Sequence[Purchase],
    bought: Sequence[Sequence[str]],
    lists: Sequence[Mapping[str, Sequence[str]]],
    places: float,
    seed: int,
) -> HitRates | None:
    if not purchases:
        return None
    names = [name for name in lists[0] if name != MODEL]
    hits = {
        name: np.array(
            [
                not set(items).isdisjoint(lists_of_purchase[name])
                for items, lists_of_purchase in zip(bought, lists, strict=True)
            ],
            float,
        )
        for name in (MODEL, *names)
    }
    differences = np.column_stack([hits[MODEL] - hits[name] for name in names])
    drawn = _bootstrap([purchase.customer for purchase in purchases], differences, seed)
    joint = 0.05 / len(names)
    simple = {
        name: SimpleList(float(hits[name].mean()), _interval(drawn[:, place], 0.05), _interval(drawn[:, place], joint))
        for place, name in enumerate(names)
    }
    return HitRates(len(purchases), places, float(hits[MODEL].mean()), simple)


def _bootstrap(customers: Sequence[str], differences: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.float64]:
    """Return resampled mean differences (resamples, lists), from (purchases, lists).

    Customers are drawn, not purchases, since one customer's purchases are not independent.
    """
    rows = {customer: row for row, customer in enumerate(sorted(set(customers)))}
    sums = np.zeros((len(rows), differences.shape[1] + 1))
    np.add.at(sums, [rows[customer] for customer in customers], np.c_[differences, np.ones(len(differences))])
    rng, chances = np.random.default_rng(seed), np.full(len(rows), 1 / len(rows))
    parts = (rng.multinomial(len(rows), chances, size=AT_ONCE) @ sums for _ in range(RESAMPLES // AT_ONCE))
    drawn = np.concatenate(list(parts))
    means: npt.NDArray[np.float64] = drawn[:, :-1] / drawn[:, -1:]
    return means


def _interval(drawn: npt.NDArray[np.float64], outside: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [outside / 2, 1 - outside / 2])
    return float(low), float(high)


def _listed(names: Sequence[str], link: str) -> str:
    *others, last = names
    return f"{', '.join(others)} {link} {last}" if others else last


def _without(items: Sequence[str], own: Sequence[str]) -> list[str]:
    left_out = set(own)
    return [item for item in items if item not in left_out]
