"""An experiment on customers of Items4U in virtual time: who is in which variant, what they do, and what is true.

A trial draws customers from a pool, with replacement, and gives each an mpid. What a customer of the pool does with
their own list in the slot, and what without one, is both known. So the true difference is known, too.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from broker.experiment import HOLDOUT, Experiment

from local_stack.items4u.customers import Visits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NEVER = 1_000_000
"""The day of what does not happen."""


@dataclass(frozen=True)
class Trial:
    """What customers do: ``mpid`` and ``variant`` have one entry a customer, all else one entry a visit.

    ``customer`` is the place of the visitor. Days are those of the pool; 0 is the first of the experiment.
    """

    mpid: Ints
    variant: npt.NDArray[np.str_]
    customer: Ints
    day: Ints
    revenue: Floats
    units: Ints
    sees_slot: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """What an analysis measures: of all customers, or (``triggered``) from a customer's first look at the slot on.

    ``metric``: ``conversion`` (whether they bought) or ``revenue``, per customer, in the first ``days``.
    """

    triggered: bool
    metric: str
    days: int = 14


def trial(pool: Visits, experiment: Experiment, *, effect: float, customers: int, seed: int) -> Trial:
    """Return a trial. ``effect`` is the slot's, and works in all variants but the holdout."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, pool.customers, customers)
    mpid = rng.integers(-(2**63), 2**63, customers)
    variant = np.array([experiment.variant_of(int(one)) for one in mpid])
    rows, customer = _visits_of(pool, drawn)
    is_persuaded = (pool.persuaded_below[rows] < effect) & (variant != HOLDOUT)[customer]
    return Trial(
        mpid,
        variant,
        customer,
        pool.day[rows],
        pool.revenue[rows] + np.where(is_persuaded, pool.listed_price[rows], 0.0),
        pool.units[rows] + is_persuaded,
        pool.sees_slot[rows],
    )


def outcomes(visits: Visits | Trial, revenue: Floats, measured: Measured, customers: int) -> tuple[Floats, Ints]:
    """Return each customer's outcome, and the day from which it counts: ``NEVER`` where they are not in it."""
    within = (visits.day >= 0) & (visits.day < measured.days)
    in_it = within & (visits.sees_slot if measured.triggered else True)
    begin = np.full(customers, NEVER)
    np.minimum.at(begin, visits.customer[in_it], visits.day[in_it])
    counts = within & (visits.day >= begin[visits.customer])
    earned = np.bincount(visits.customer[counts], revenue[counts], minlength=customers)
    return np.asarray(earned > 0 if measured.metric == "conversion" else earned, float), begin


def truth(pool: Visits, effect: float, measured: Measured) -> float:
    """Return the true difference between a variant and the holdout, per customer of the analysis."""
    persuaded = pool.revenue + np.where(pool.persuaded_below < effect, pool.listed_price, 0.0)
    of = functools.partial(outcomes, pool, measured=measured, customers=pool.customers)
    with_list, begin = of(persuaded)
    without, _ = of(pool.revenue)
    return float((with_list - without)[begin < NEVER].mean())


def _visits_of(pool: Visits, drawn: Ints) -> tuple[Ints, Ints]:
    """Return the rows of the drawn customers' visits, and the place among the drawn of each row's customer."""
    first = np.searchsorted(pool.customer, np.arange(pool.customers + 1))
    counts = np.diff(first)[drawn]
    customer = np.repeat(np.arange(len(drawn)), counts)
    within = np.arange(len(customer)) - np.repeat(np.cumsum(counts) - counts, counts)
    return first[drawn][customer] + within, customer
