"""What a recommender costs beside what it brings: the reader's prices, and hits for every thousand users.

A hit is a user who then took at least one of the first k items. Whether they took it because of the list, no log can
tell. So what is computed is the break-even *incrementality*: how many of the hits would have to be sales that nobody
would have made without the list.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.uncertainty import Comparison, Interval, compare


@dataclass(frozen=True)
class Business:
    """``users_per_month``: who get a list, each counted once a month. ``value_per_hit``: the margin of a sale.
    ``at_least``: names of recommenders that cost more than their price, because not all of it is known.
    """

    users_per_month: float | None = None
    value_per_hit: float | None = None
    at_least: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Range:
    """An amount with its 95 % interval; ``high`` is infinite where more and more would not be enough."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Cost:
    """``hits``: users with a hit, as a share; ``extra_hits``: beyond those of ``against``, the best baseline.

    ``beyond_here``: of lists from outside, beyond those of ``here``, the best baseline or model trained here.
    """

    name: str
    per_month: float
    hits: Interval
    extra_hits: Comparison
    k: int
    against: str
    business: Business
    here: str | None = None
    beyond_here: Comparison | None = None

    @property
    def alternative(self) -> tuple[str, Interval]:
        """Return the best list that needs no service, and the further hits beyond its."""
        if self.here is not None and self.beyond_here is not None:
            return self.here, self.beyond_here.difference
        return self.against, self.extra_hits.difference

    @property
    def break_even_value(self) -> Range | None:
        """Return what each further hit must be worth to pay the price; None without the users per month."""
        users = self.business.users_per_month
        return _paid(self.per_month, self.alternative[1], users) if users else None

    @property
    def break_even_incrementality(self) -> Range | None:
        """Return the share of all hits that must be sales nobody would have made without the list; above 1: no share
        is enough. None without users per month and value per hit.
        """
        users, value = self.business.users_per_month, self.business.value_per_hit
        return _paid(self.per_month, self.hits, users * value) if users and value else None

    @property
    def break_even_of_further_hits(self) -> Range | None:
        """Return the same of the hits beyond those of the best list that needs no service."""
        users, value = self.business.users_per_month, self.business.value_per_hit
        return _paid(self.per_month, self.alternative[1], users * value) if users and value else None

    @property
    def further_value(self) -> Range | None:
        """Return what the further hits of a month are worth at most: if each were a sale that nobody had made."""
        users, value = self.business.users_per_month, self.business.value_per_hit
        further = self.alternative[1]
        return Range(*(users * value * hits for hits in _ends(further))) if users and value else None


def costs(leaderboard: Leaderboard, prices: Mapping[str, float], seed: int, business: Business) -> list[Cost]:
    """Return the cost of each priced recommender on the leaderboard, against the best baseline, and the best here."""
    if leaderboard.best_baseline is None:
        return []
    return [
        _cost(leaderboard, row, leaderboard.best_baseline, prices[row.candidate.name], seed, business)
        for row in leaderboard.rows
        if row.candidate.name in prices
    ]


def _cost(leaderboard: Leaderboard, result: Result, baseline: str, price: float, seed: int, business: Business) -> Cost:
    metric = Metric("hit_rate", leaderboard.main.k)
    here = leaderboard.best_here if result.candidate.external else None

    def beyond(other: str) -> Comparison:
        return compare(result.scores.values[metric], leaderboard.row(other).scores.values[metric], seed)

    return Cost(
        result.candidate.name,
        price,
        result.intervals[metric],
        beyond(baseline),
        metric.k,
        baseline,
        business,
        here,
        beyond(here) if here else None,
    )


def _paid(price: float, hits: Interval, worth: float) -> Range:
    """Return what pays a price: more where there are fewer hits, and nothing where there may be none."""
    middle, low, high = _ends(hits)
    return Range(*(_share_of(price, worth * share) for share in (middle, high, low)))


def _share_of(price: float, worth: float) -> float:
    if worth > 0:
        return price / worth
    return math.inf if price else 0.0


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.mean, interval.low, interval.high
