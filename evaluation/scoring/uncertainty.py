"""How sure a mean, and a difference of two, is; and what to say of it in words.

Differences are paired: the same users, each with both values. The interval is Student's t or a studentized bootstrap of
the users, whichever reaches further on each side. Above 100,000 users it is t alone, which is the same there. Neither
can know of what so few users never showed: a verdict takes at least 100 users, and 20 who differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from evaluation.scoring import bootstrap

Z = 1.959964  # 95 %
POWER = 0.841621  # to find a difference that is there four times in five
ERROR = 0.05
MOST_RESAMPLED = 100_000
FEWEST_USERS = 100
FEWEST_DIFFERENT = 20
BETTER, WORSE, INCONCLUSIVE, TOO_FEW = "better", "worse", "inconclusive", "too few"
NO_DIFFERENCE = "no difference that matters"

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

    def shifted(self, by: float) -> "Interval":
        """Return the interval of the same values, each that much larger."""
        return replace(self, mean=self.mean + by, low=self.low + by, high=self.high + by)

    @property
    def half(self) -> float:
        """Return half of its width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Comparison:
    """One recommender minus another, on the same users. ``win``, ``tie``, ``lose``: shares of users.

    ``verdict``: ``better``, ``worse``, ``inconclusive``, ``too few`` (fewer than 100 users, or than 20 who differ), or
    ``no difference that matters`` (the interval lies within ±``matters``). ``p``: two-sided, and corrected for the
    ``family`` of comparisons that it is one of. ``detectable``: the smallest difference that such a test finds four
    times in five, by itself. ``users_needed``: for a difference of ``matters``.
    """

    difference: Interval
    win: float
    tie: float
    lose: float
    verdict: str
    p: float = 1.0
    detectable: float | None = None
    matters: float | None = None
    users_needed: int | None = None
    family: int = 1

    @property
    def different(self) -> int:
        """Return how many users differ."""
        return round((self.win + self.lose) * self.difference.n)

    @property
    def reason(self) -> str | None:
        """Return why there is no verdict, with what it would take; None where there is one."""
        if self.verdict == TOO_FEW:
            return self._too_few()
        if self.verdict != INCONCLUSIVE or self.detectable is None:
            return None
        if self.difference.low > 0 or self.difference.high < 0:
            return f"not clear among {self.family} comparisons"
        finds = f"this test finds differences of {self.detectable:.2g} or more"
        return f"{finds}; {self.matters:g} takes {self.users_needed:,} users" if self.users_needed else finds

    def _too_few(self) -> str:
        n, different = self.difference.n, self.different
        if n < FEWEST_USERS:
            return f"{n} user{'s' * (n != 1)}, it takes {FEWEST_USERS} or more"
        if not different:
            return "no user differs"
        return f"{different} user{'s differ' if different > 1 else ' differs'}, it takes {FEWEST_DIFFERENT} or more"

    def corrected(self, p: float, family: int) -> "Comparison":
        """Return the comparison as one of a family, by its corrected ``p``."""
        outcome = verdict(self.difference, p, self.different, self.matters)
        return replace(self, p=p, family=family, verdict=outcome)

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


def compare(values: Values, other_values: Values, seed: int, matters: float | None = None) -> Comparison:
    """Compare values of the same users in the same order. ``matters``: the smallest difference of interest."""
    (comparison,) = compare_each([(values, other_values)], seed, matters)
    return comparison


def compare_each(pairs: Sequence[tuple[Values, Values]], seed: int, matters: float | None = None) -> list[Comparison]:
    """Return ``compare`` of each pair, all of the same users in the same order: each resample is drawn once for all."""
    differences = [values.astype(np.float64) - other_values for values, other_values in pairs]
    tests = _tests(differences, seed)
    return [_comparison(values, *test, matters) for values, test in zip(differences, tests, strict=True)]


def verdict(interval: Interval, p: float, different: int, matters: float | None = None) -> str:
    """Return what to say of a difference. ``different``: how many users differ."""
    if interval.n < FEWEST_USERS or different < FEWEST_DIFFERENT:
        return TOO_FEW
    if matters is not None and -matters < interval.low and interval.high < matters:
        return NO_DIFFERENCE
    if p >= ERROR:
        return INCONCLUSIVE
    return BETTER if interval.mean > 0 else WORSE


def users_needed(deviation: float, difference: float) -> int:
    """Return how many users tell a difference from none: ((1.96 + 0.84) · sd / difference)²."""
    return max(FEWEST_USERS, math.ceil(((Z + POWER) * deviation / difference) ** 2))


def _comparison(differences: Values, interval: Interval, p: float, matters: float | None) -> Comparison:
    n = len(differences)
    if not n:
        return Comparison(interval, 0.0, 0.0, 0.0, TOO_FEW, matters=matters)
    win, lose = float((differences > 0).mean()), float((differences < 0).mean())
    outcome = verdict(interval, p, int(np.count_nonzero(differences)), matters)
    deviation = float(differences.std(ddof=1)) if n > 1 else math.nan
    detectable = (Z + POWER) * deviation / math.sqrt(n) if n > 1 else None
    needed = users_needed(deviation, matters) if matters and n > 1 else None
    return Comparison(interval, win, 1 - win - lose, lose, outcome, p, detectable, matters, needed)


def _half(deviation: float, n: int) -> float:
    return float(stdtrit(n - 1, 0.975)) * deviation / math.sqrt(n)


def _tests(differences: Sequence[Values], seed: int) -> list[tuple[Interval, float]]:
    """Return Student's interval and p of each, widened to the bootstrap's where that reaches further."""
    students = [(mean(values), _students_p(values)) for values in differences]
    resampled = [number for number, values in enumerate(differences) if _can_be_resampled(values)]
    bootstrapped = bootstrap.studentized([differences[number] for number in resampled], seed)
    for number, ts in zip(resampled, bootstrapped, strict=True):
        students[number] = _wider(*students[number], differences[number], ts)
    return students


def _can_be_resampled(values: Values) -> bool:
    """Return whether resamples differ as they should, and are needed."""
    enough = len(values) >= FEWEST_USERS and int(np.count_nonzero(values)) >= FEWEST_DIFFERENT
    return enough and len(values) <= MOST_RESAMPLED and float(np.ptp(values)) > 0


def _students_p(values: Values) -> float:
    n = len(values)
    error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    if not error > 0:  # nothing differs, all differ alike, or there is nobody to differ from
        return 0.0 if n > 1 and values.any() else 1.0
    return 2 * float(stdtr(n - 1, -abs(float(values.mean())) / error))


def _wider(students: Interval, p: float, values: Values, ts: Values) -> tuple[Interval, float]:
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    low, high = np.quantile(ts, (0.025, 0.975))
    centre = students.mean
    low, high = min(students.low, centre - float(high) * error), max(students.high, centre - float(low) * error)
    return replace(students, low=low, high=high), max(p, bootstrap.p_value(ts, centre / error))
