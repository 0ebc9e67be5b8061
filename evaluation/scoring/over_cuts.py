"""The same comparison at several cuts, each a period of its own: what holds for other users, and for other periods.

Users of one period share its promotions and its season, so that an interval over users says nothing of another period.
Here the differences of the periods are the sample: the mean over cuts has Student's t over them, which is the interval
of Hartung and Knapp for a random-effects mean with equal weights (Statistics in Medicine 20, 2001). Two things widen
it. Users who are asked at several cuts make the periods alike: this covariance is added. And it is never narrower than
the users alone make it (Knapp and Hartung, Statistics in Medicine 22, 2003).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from evaluation.scoring.uncertainty import Comparison, Interval, Values, mean, verdict

FOUR_IN_FIVE = 0.8


@dataclass(frozen=True)
class OverCuts:
    """``total``: the mean over cuts, every one as heavy as the others. ``by_cut``: each alone, over its users.

    ``another``: where the difference in another such period, with as many users, lies in 95 of 100.
    """

    total: Comparison
    by_cut: Sequence[Interval]
    another: Interval

    @property
    def ahead(self) -> int:
        """Return at how many cuts the difference is on the side of the mean."""
        return sum(each.mean * self.total.difference.mean > 0 for each in self.by_cut)

    def in_words(self) -> str:
        """Return the verdict, and at how many cuts it held."""
        side = "ahead" if self.total.difference.mean > 0 else "behind"
        return f"{self.total.in_words()}; {side} at {self.ahead} of {len(self.by_cut)} cuts"


def compare(users: Sequence[npt.NDArray[np.integer]], differences: Sequence[Values], matters: float | None) -> OverCuts:
    """Compare by the users' ``differences`` at each cut, two cuts at least. ``users``: whose they are."""
    by_cut = [mean(each) for each in differences]
    spread = _spread(users, differences, by_cut)
    centre, cuts = float(np.mean([each.mean for each in by_cut])), len(by_cut)
    totals = _by_user(users, differences)
    t = float(stdtrit(cuts - 1, 0.975))
    interval = Interval(centre, centre - t * spread.mean, centre + t * spread.mean, len(totals))
    another = Interval(centre, centre - t * spread.another, centre + t * spread.another, len(totals))
    p = 2 * float(stdtr(cuts - 1, -abs(centre) / spread.mean)) if spread.mean else float(centre == 0)
    win, lose = float((totals > 0).mean()), float((totals < 0).mean())
    told = verdict(interval, p, int(np.count_nonzero(totals)), matters)
    detectable = (t + float(stdtrit(cuts - 1, FOUR_IN_FIVE))) * spread.mean
    return OverCuts(Comparison(interval, win, 1 - win - lose, lose, told, p, detectable, matters), by_cut, another)


def with_total(over: OverCuts, total: Comparison) -> OverCuts:
    """Return the same with a corrected verdict."""
    return replace(over, total=total)


@dataclass(frozen=True)
class _Spread:
    """Standard errors: of the mean over cuts, and of the difference in another period about it."""

    mean: float
    another: float


def _spread(
    users: Sequence[npt.NDArray[np.integer]], differences: Sequence[Values], by_cut: Sequence[Interval]
) -> _Spread:
    cuts = len(by_cut)
    between = float(np.var([each.mean for each in by_cut], ddof=1))
    within = [float(np.var(each, ddof=1)) / len(each) if len(each) > 1 else 0.0 for each in differences]
    # What each user moves the mean by: those who are asked at several cuts move it at once.
    moved = [(each - each.mean()) / len(each) / cuts for each in differences]
    of_users = float((_by_user(users, moved) ** 2).sum())
    shared = max(0.0, (of_users * cuts**2 - sum(within)) / (cuts * (cuts - 1)))
    alone = max(between, float(np.mean(within)) - shared)
    return _Spread(math.sqrt(max(between / cuts + shared, of_users)), math.sqrt(alone * (1 + 1 / cuts)))


def _by_user(users: Sequence[npt.NDArray[np.integer]], values: Sequence[Values]) -> Values:
    """Return the sum of each user who was asked at all."""
    codes = np.concatenate(list(users))
    sums = np.bincount(codes, weights=np.concatenate(list(values))).astype(np.float64)
    return sums[np.bincount(codes) > 0]
