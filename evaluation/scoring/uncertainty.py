"""How sure a mean, and a difference of two, is; and what to say of it in words.

Differences are paired: the same users, each with both values. The interval is a percentile bootstrap of the users or
Student's t, whichever reaches further on each side: with few users the bootstrap alone is too narrow. Above 100,000
users it is t alone, which is the same there. Neither can know of what so few users never showed: a verdict takes at
least 10 users, and 6 who differ (fewer, all on one side, come by chance more than once in twenty).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Z = 1.959964  # 95 %
POWER = 0.841621  # to find a difference that is there four times in five
RESAMPLES = 1000
MOST_RESAMPLED = 100_000
FEWEST_USERS = 10
FEWEST_DIFFERENT = 6

Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval over ``n`` users; infinite where there is only one."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"

    @property
    def half(self) -> float:
        """Return half of its width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Comparison:
    """One recommender minus another, on the same users. ``win``, ``tie``, ``lose``: shares of users.

    ``verdict``: ``better``, ``worse`` or ``inconclusive``; ``more_users``: how many more users in the test it would
    take to tell a difference of this size, four times in five; None where it is told, or there is no difference.
    It is always ``inconclusive`` with fewer than 10 users, or fewer than 6 who differ.
    """

    difference: Interval
    win: float
    tie: float
    lose: float
    verdict: str
    more_users: int | None

    @property
    def reason(self) -> str | None:
        """Return why it is inconclusive, with what a verdict would take; None where there is a verdict."""
        if self.verdict != "inconclusive":
            return None
        if self.difference.n < FEWEST_USERS:
            return f"too few users ({self.difference.n}, it takes {FEWEST_USERS} or more)"
        if self.more_users is None:
            return "no difference to be seen"
        different = round((self.win + self.lose) * self.difference.n)
        if different < FEWEST_DIFFERENT:
            return f"{different} users differ, it takes {FEWEST_DIFFERENT} or more"
        return f"about {self.more_users:,} more users needed"

    def in_words(self) -> str:
        """Return the verdict, and the reason if there is one."""
        return f"{self.verdict}: {self.reason}" if self.reason else self.verdict


def mean(values: Values) -> Interval:
    """Return the mean with Student's interval; one value tells nothing of others."""
    n = len(values)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    centre = float(np.mean(values, dtype=np.float64))
    half = _half(float(np.std(values, ddof=1, dtype=np.float64)), n) if n > 1 else math.inf
    return Interval(centre, centre - half, centre + half, n)


def compare(values: Values, other_values: Values, seed: int) -> Comparison:
    """Compare values of the same users in the same order."""
    (comparison,) = compare_each([(values, other_values)], seed)
    return comparison


def compare_each(pairs: Sequence[tuple[Values, Values]], seed: int) -> list[Comparison]:
    """Return ``compare`` of each pair, all of the same users in the same order: each resample is drawn once for all."""
    differences = [values.astype(np.float64) - other_values for values, other_values in pairs]
    return [_comparison(*each) for each in zip(differences, _intervals(differences, seed), strict=True)]


def _comparison(differences: Values, interval: Interval) -> Comparison:
    if not len(differences):
        return Comparison(interval, 0.0, 0.0, 0.0, "inconclusive", None)
    win, lose = float((differences > 0).mean()), float((differences < 0).mean())
    enough = len(differences) >= FEWEST_USERS and np.count_nonzero(differences) >= FEWEST_DIFFERENT
    outcome = "better" if interval.low > 0 else "worse" if interval.high < 0 else "inconclusive"
    verdict = outcome if enough else "inconclusive"
    more = _more_users(differences) if verdict == "inconclusive" else None
    return Comparison(interval, win, 1 - win - lose, lose, verdict, more)


def users_needed(deviation: float, difference: float) -> int:
    """Return how many users tell a difference from none: ((1.96 + 0.84) · sd / difference)²."""
    return math.ceil(((Z + POWER) * deviation / difference) ** 2)


def _more_users(differences: Values) -> int | None:
    centre, deviation = float(differences.mean()), float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    if abs(centre) < 1e-12 or deviation == 0:
        return None
    return max(1, max(FEWEST_USERS, users_needed(deviation, centre)) - len(differences))


def _half(deviation: float, n: int) -> float:
    return float(stdtrit(n - 1, 0.975)) * deviation / math.sqrt(n)


def _intervals(differences: Sequence[Values], seed: int) -> list[Interval]:
    """Return Student's interval of each, widened to the bootstrap's where that reaches further."""
    students, n = [mean(values) for values in differences], len(differences[0]) if differences else 0
    if not 0 < n <= MOST_RESAMPLED:
        return students
    random = np.random.default_rng(seed)
    means = np.empty((len(differences), RESAMPLES))
    for number in range(RESAMPLES):
        drawn = random.integers(n, size=n)
        means[:, number] = [values[drawn].mean() for values in differences]
    return [_wider(*each) for each in zip(students, means, strict=True)]


def _wider(students: Interval, means: Values) -> Interval:
    low, high = np.quantile(means, (0.025, 0.975))
    return replace(students, low=min(students.low, float(low)), high=max(students.high, float(high)))
