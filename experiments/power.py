"""How many customers an experiment needs, and how many more one needs that cannot tell yet.

The number for one look at the end is tea-tasting's. Looking every day costs more: where the last look's interval
reaches further by the rule in use, it takes so many more customers until that interval leaves out zero four times in
five. An earlier look may end it sooner.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from experiments.estimates import Estimate
from experiments.sequential import ALPHA, anytime_multiplier, planned_multipliers, spent
from personalize_data.errors import InvalidRequest

WEEK = 7
LEAST_WEEKS = 2
MOST = 10**12
LONGEST = 730  # days that are planned: each is a look, and the bounds of all of them are computed
Multiplier = Callable[[float], float]  # of the standard error, by customers of both variants


@dataclass(frozen=True)
class Size:
    """Customers of both variants, for one look at the end and for looks every day. ``days``: whole weeks, or None."""

    one_look: int
    every_day: int
    smaller: int
    days: int | None


@dataclass(frozen=True)
class Traffic:
    """``mean`` and ``deviation`` of a customer in the control, ``share``: of the customers, in the smaller variant."""

    mean: float
    deviation: float
    share: float = 0.5
    a_day: float | None = None

    @classmethod
    def of_conversion(cls, rate: float, share: float = 0.5, a_day: float | None = None) -> "Traffic":
        """Return the traffic whose customers buy with a probability."""
        return cls(rate, math.sqrt(rate * (1 - rate)), share, a_day)


def size(traffic: Traffic, relative: float, *, planned: bool = True, power: float = 0.8, alpha: float = ALPHA) -> Size:
    """Return how many customers find a relative difference with a probability of ``power``.

    Raises InvalidRequest where that are more customers, or more planned days, than there can be.
    """
    one_look = _one_look(traffic, relative, power, alpha)
    if one_look > MOST:
        raise InvalidRequest(f"it takes {one_look:,} customers, more than there can be")
    days = _days(one_look, traffic.a_day)
    # More days are more looks, which cost a little more customers: until that changes nothing.
    for _ in range(8):
        if planned and days and days > LONGEST:
            raise InvalidRequest(f"it takes {days:,} days at this traffic: that is too long to plan")
        multiplier = _multiplier(planned, days or 4 * WEEK, alpha)
        every_day = customers(one_look, multiplier, power, alpha)
        longer = _days(every_day, traffic.a_day)
        if longer == days:
            break
        days = longer
    return Size(one_look, every_day, math.ceil(every_day * min(traffic.share, 1 - traffic.share)), days)


def customers(one_look: float, multiplier: Multiplier, power: float = 0.8, alpha: float = ALPHA) -> int:
    """Return how many customers it takes with another multiplier at the end than that of a fixed interval."""
    fixed, found = -float(ndtri(alpha / 2)), float(ndtri(power))

    def enough(number: float) -> bool:
        return number >= one_look * ((multiplier(number) + found) / (fixed + found)) ** 2

    low, high = one_look * 0.5, one_look
    while not enough(high) and high < MOST:
        low, high = high, high * 2
    while high - low > max(0.5, high * 1e-6):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return math.ceil(high)


def still_needed(seen: Estimate, multiplier: Multiplier, power: float = 0.8, alpha: float = ALPHA) -> int | None:
    """Return how many more customers tell a difference of the size seen; None where none is to be seen."""
    if abs(seen.effect) < 1e-12 or not seen.standard_error:
        return None
    one_look = seen.customers * ((-ndtri(alpha / 2) + ndtri(power)) * seen.standard_error / seen.effect) ** 2
    if one_look > MOST:
        return None
    return max(1, customers(float(one_look), multiplier, power, alpha) - seen.customers)


@functools.cache
def last_planned(days: int, alpha: float = ALPHA) -> float:
    """Return the multiplier of the last of daily looks at even traffic."""
    looks = np.arange(1, days + 1)
    return float(planned_multipliers(looks.astype(float), spent(looks, days, alpha))[-1])


def _multiplier(planned: bool, days: int, alpha: float) -> Multiplier:
    """Return that of the planned end, or of a sequence that is tuned to half of the customers that it takes."""
    last = last_planned(days, alpha) if planned else float(anytime_multiplier(2.0, 1.0, alpha))
    return lambda _: last


def _days(number: int, a_day: float | None) -> int | None:
    return max(LEAST_WEEKS, math.ceil(number / a_day / WEEK)) * WEEK if a_day else None


def _one_look(traffic: Traffic, relative: float, power: float, alpha: float) -> int:
    import tea_tasting as tt  # loads for seconds
    from tea_tasting.aggr import Aggregates

    ratio = (1 - traffic.share) / traffic.share
    metric = tt.Mean("x", rel_effect_size=relative, ratio=ratio, power=power, alpha=alpha, use_t=False)
    variance = traffic.deviation**2
    whole = Aggregates(count_=1000, mean_={"x": traffic.mean}, var_={"x": variance})
    (found,) = metric.solve_power_from_aggregates(whole, "n_obs")
    seen: Any = found.n_obs
    return math.ceil(seen)
