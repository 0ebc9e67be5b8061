"""How often a profile's list held what was bought next, beside lists that need no model, on the same purchases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from local_stack.simple_lists import SimpleLists

TOP = 10
MODEL = "the model"
RESAMPLES = 4000
AT_ONCE = 100  # resamples, which bounds the memory however many customers there are
ENOUGH_TO_JUDGE = 30


@dataclass(frozen=True)
class Purchase:
    """What a customer's profile recommended before a visit, best first, and what was bought on it.

    ``history`` has the item id of every interaction of theirs before the visit, oldest first; ``ranked`` is the longer
    list that the model gave for them at that moment.
    """

    customer: str
    recommended: Sequence[str]
    bought: Sequence[str]
    history: Sequence[str] = ()
    ranked: Sequence[str] = ()

    @property
    def new_items(self) -> list[str]:
        """Return what was bought that the customer had never interacted with."""
        return _without(self.bought, self.history)

    @property
    def ranked_new_items(self) -> list[str]:
        """Return what the model would recommend of such items, best first."""
        return _without(self.ranked, self.history)


@dataclass(frozen=True)
class SimpleList:
    """A simple list's hit rate, and two intervals of the model's hit rate minus it.

    ``difference_95`` holds by itself at 95 %, ``joint_95`` together with those of the other simple lists.
    """

    hit_rate: float
    difference_95: tuple[float, float]
    joint_95: tuple[float, float]


@dataclass(frozen=True)
class HitRates:
    """Shares of purchases whose lists held something that was bought; ``places`` is the lists' mean length."""

    purchases: int
    places: float
    hit_rate: float
    simple: Mapping[str, SimpleList]

    @property
    def is_enough(self) -> bool:
        """Say whether there are enough purchases for a verdict."""
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
        """Return the verdict in words, the simple lists that the model does not beat first.

        The best simple list is found on these purchases, so a comparison with that list alone would be biased. Hence
        the model is compared with each, and the intervals hold together (Bonferroni): with a chance of 95 % no *better*
        and no *worse* of one verdict is false, and only a model that beats every simple list has nothing else said.
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
    """The comparison by all that was bought, and by what was new to the customer; None where nothing was bought."""

    anything: HitRates | None
    new_items: HitRates | None


def comparisons(purchases: Sequence[Purchase], simple: SimpleLists, seed: int) -> Comparisons:
    """Compare by all that was bought, and by what was new to the customer."""
    return Comparisons(compare(purchases, simple, seed), compare_new_items(purchases, simple, seed))


def compare(purchases: Sequence[Purchase], simple: SimpleLists, seed: int) -> HitRates | None:
    """Compare lists of ten on the same purchases; None where there are none."""
    lists = [{MODEL: purchase.recommended[:TOP]} | simple.for_history(purchase.history, TOP) for purchase in purchases]
    return _hit_rates(purchases, [purchase.bought for purchase in purchases], lists, TOP, seed)


def compare_new_items(purchases: Sequence[Purchase], simple: SimpleLists, seed: int) -> HitRates | None:
    """Compare lists by what was bought that the customer had never interacted with; None where nothing was.

    The customer's own items are left out of all lists. They take most places of a profile's list, and what is left
    would tell little: so the model's list is made from its longer one. Every list has ten places, or as many as there
    are new items in the model's.
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
