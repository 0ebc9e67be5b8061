"""A comparison of two variants day by day, by the rule that lets people look every day, and its verdict.

A verdict is given at the ends of whole weeks, after two at least: customers of a Monday are not those of a Sunday. It
takes 20 customers who bought in each variant at least, for which the normal distribution is good enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.estimates import Estimate
from experiments.power import LEAST_WEEKS, WEEK, Multiplier, last_planned, still_needed
from experiments.sequential import LARGEST, anytime_multiplier, planned_multipliers, spent

LEAST_BOUGHT = 20
EXPECTED = 10_000  # customers of both variants, where nobody says how many are expected
BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"


@dataclass(frozen=True)
class Rule:
    """``planned_days``: when the experiment is to end, None for the sequence without an end.

    ``expected``: customers of both variants, which the sequence without an end is tuned to. ``alpha``: of each
    comparison.
    """

    planned_days: int | None = None
    expected: int = EXPECTED
    alpha: float = 0.05

    @property
    def in_words(self) -> str:
        """Return it for people."""
        if self.planned_days:
            bounds = "bounds of Lan and DeMets with O'Brien-Fleming-like spending by day"
            return f"{bounds}, planned for {self.planned_days} days"
        return f"asymptotic confidence sequence without a planned end, tuned to {self.expected:,} expected customers"


@dataclass(frozen=True)
class Look:
    """An estimate at the end of a day of the experiment, from 1. ``bought``: customers who did, in the smaller of both.

    ``multiplier``: of the standard error, so that the interval holds on every day.
    """

    day: int
    estimate: Estimate
    bought: int
    multiplier: float

    @property
    def low(self) -> float:
        """Return the lower end of the interval."""
        return self.estimate.effect - self.multiplier * self.estimate.standard_error

    @property
    def high(self) -> float:
        """Return the upper end of the interval."""
        return self.estimate.effect + self.multiplier * self.estimate.standard_error

    @property
    def is_verdict_day(self) -> bool:
        """Return whether a verdict may be given."""
        return self.day % WEEK == 0 and self.day >= LEAST_WEEKS * WEEK and self.bought >= LEAST_BOUGHT

    @property
    def outcome(self) -> str:
        """Return what the interval says by itself."""
        return BETTER if self.low > 0 else WORSE if self.high < 0 else CANNOT_TELL


@dataclass(frozen=True)
class Verdict:
    """``outcome``: better, worse or cannot tell. ``day``: on which it was decided. ``needed``: customers more.

    ``reason``: why there is no other verdict.
    """

    outcome: str
    day: int | None = None
    needed: int | None = None
    reason: str = ""


def looks(days: Sequence[int], estimates: Sequence[Estimate | None], bought: Sequence[int], rule: Rule) -> list[Look]:
    """Return the looks on days on which there was something to compare."""
    there = [(day, found, number) for day, found, number in zip(days, estimates, bought, strict=True) if found]
    if not there:
        return []
    numbers = [day for day, _, _ in there]
    multipliers = _multipliers(numbers, [found for _, found, _ in there], rule)
    return [
        Look(day, found, number, float(each)) for (day, found, number), each in zip(there, multipliers, strict=True)
    ]


def verdict(all_looks: Sequence[Look], rule: Rule, mismatch: bool) -> Verdict:
    """Return the verdict of the first day on which there could be one. ``mismatch``: of the sample ratio."""
    if mismatch:
        return Verdict(CANNOT_TELL, reason="the variants do not have the customers that their shares say")
    if not all_looks:
        return Verdict(CANNOT_TELL, reason="there is nothing to compare yet")
    for look in all_looks:
        if look.is_verdict_day and look.outcome != CANNOT_TELL:
            return Verdict(look.outcome, look.day)
    last = all_looks[-1]
    return Verdict(CANNOT_TELL, needed=needed(last, rule), reason=_reason(last))


def needed(look: Look, rule: Rule) -> int | None:
    """Return how many customers more tell a difference of the size seen, with the multiplier that there is by then."""
    return still_needed(look.estimate, _by_then(rule), alpha=rule.alpha)


def _by_then(rule: Rule) -> Multiplier:
    """Return the multiplier at so many customers: with a planned end it is that of the end."""
    if not rule.planned_days:
        return lambda number: float(anytime_multiplier(number, rule.expected / 2, rule.alpha))
    last = last_planned(rule.planned_days, rule.alpha)
    return lambda _: last


def _reason(last: Look) -> str:
    if last.day < LEAST_WEEKS * WEEK:
        return f"day {last.day}: a verdict takes {LEAST_WEEKS} whole weeks"
    if last.bought < LEAST_BOUGHT:
        return f"{last.bought} customers bought in a variant: a verdict takes {LEAST_BOUGHT} in each"
    if last.outcome != CANNOT_TELL:
        return "the interval leaves out zero, and a verdict waits for the end of the week"
    return "the interval holds zero"


def _multipliers(days: Sequence[int], estimates: Sequence[Estimate], rule: Rule) -> Sequence[float]:
    if not rule.planned_days:
        customers = np.array([found.customers for found in estimates])
        return list(np.minimum(anytime_multiplier(customers, rule.expected / 2, rule.alpha), 10 * LARGEST))
    information = np.maximum.accumulate([found.information for found in estimates])
    spending = spent(np.array(days), rule.planned_days, rule.alpha)
    return list(planned_multipliers(information, spending))
