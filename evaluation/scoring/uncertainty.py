"""How sure a mean, and a difference of two, is; and what to say of it in words.

Differences are paired: the same users, each with both values. The interval is a percentile bootstrap of the users, and
above 100,000 users the normal one, which is the same there.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Z = 1.959964  # 95 %
POWER = 0.841621  # to find a difference that is there four times in five
RESAMPLES = 1000
MOST_RESAMPLED = 100_000

Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval over ``n`` users."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True)
class Comparison:
    """One recommender minus another, on the same users. ``win``, ``tie``, ``lose``: shares of users.

    ``verdict``: ``better``, ``worse`` or ``cannot tell``; ``more_users``: how many more users in the test it would
    take to tell a difference of this size, four times in five; None where it is told, or there is no difference.
    """

    difference: Interval
    win: float
    tie: float
    lose: float
    verdict: str
    more_users: int | None

    def in_words(self) -> str:
        """Return the verdict, with what it would take."""
        if self.verdict != "cannot tell":
            return self.verdict
        if self.more_users is None:
            return "cannot tell: no difference to be seen"
        return f"cannot tell: about {self.more_users:,} more users needed"


def mean(values: Values) -> Interval:
    """Return the mean with its normal interval; one value has no interval but itself."""
    n = len(values)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    centre = float(np.mean(values, dtype=np.float64))
    half = Z * float(np.std(values, ddof=1, dtype=np.float64)) / math.sqrt(n) if n > 1 else 0.0
    return Interval(centre, centre - half, centre + half, n)


def compare(ours: Values, theirs: Values, seed: int) -> Comparison:
    """Compare values of the same users in the same order."""
    differences = ours.astype(np.float64) - theirs
    if not len(differences):
        return Comparison(mean(differences), 0.0, 0.0, 0.0, "cannot tell", None)
    interval = _bootstrap(differences, seed) if len(differences) <= MOST_RESAMPLED else mean(differences)
    win, lose = float((differences > 0).mean()), float((differences < 0).mean())
    verdict = "better" if interval.low > 0 else "worse" if interval.high < 0 else "cannot tell"
    more = _more_users(differences) if verdict == "cannot tell" else None
    return Comparison(interval, win, 1 - win - lose, lose, verdict, more)


def users_needed(deviation: float, difference: float) -> int:
    """Return how many users tell a difference from none: ((1.96 + 0.84) · sd / difference)²."""
    return math.ceil(((Z + POWER) * deviation / difference) ** 2)


def _more_users(differences: Values) -> int | None:
    centre, deviation = float(differences.mean()), float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    if abs(centre) < 1e-12 or deviation == 0:
        return None
    return max(1, users_needed(deviation, centre) - len(differences))


def _bootstrap(differences: Values, seed: int) -> Interval:
    random = np.random.default_rng(seed)
    n = len(differences)
    means = np.array([differences[random.integers(n, size=n)].mean() for _ in range(RESAMPLES)])
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(differences.mean()), float(low), float(high), n)
