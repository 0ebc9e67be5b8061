"""How far an interval has to reach so that it holds on every day that somebody looks at it.

Both rules give a multiplier of the standard error of an absolute difference, where a fixed 95 % interval has 1.96.

With a planned end: bounds of Lan and DeMets (Biometrika 1983) with O'Brien-Fleming-like spending by calendar day of
the planned days. Spending follows the calendar, and the correlation between two looks their information, so uneven
traffic does no harm (Lan and DeMets, Statistics in Medicine 1989). Without one: the asymptotic confidence sequence of
Waudby-Smith et al., https://arxiv.org/abs/2103.06476, equation 9, with the tuning of equation 161.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Values = npt.NDArray[np.float64]
ALPHA = 0.05
LARGEST = 8.0  # no bound is beyond it: a chance of 1e-15
LOWEST = -5.0  # standard errors below zero at which the other side is cut off
NODES, WEIGHTS = np.polynomial.legendre.leggauss(128)
LEAST_GROWTH = 0.002  # of information since the last look that was one
HALVINGS = 40
AT_ONCE = 32  # sequences, which bounds the memory


def spent(days: Any, planned_days: int, alpha: float = ALPHA) -> Values:
    """Return how much of ``alpha`` may be spent until the end of each day, as O'Brien and Fleming's bounds do."""
    share = np.minimum(np.asarray(days, float) / planned_days, 1.0)
    return np.asarray(2 * ndtr(ndtri(alpha / 2) / np.sqrt(share)))


def planned_multipliers(information: Values, spending: Values) -> Values:
    """Return the multiplier at each look. ``information``: of each look, in any unit, one row a sequence of looks.

    ``information`` is the variance of the sum that the difference is made of. ``spending``: what may be spent until
    each look. A look that adds next to no information spends nothing, and has the multiplier of the one before.
    """
    rows = np.atleast_2d(np.asarray(information, float))
    parts = [_multipliers(rows[start : start + AT_ONCE], spending / 2) for start in range(0, len(rows), AT_ONCE)]
    return np.concatenate(parts).reshape(np.shape(information))


def anytime_multiplier(customers: Any, tuning: float, alpha: float = ALPHA) -> Any:
    """Return the multiplier at any number of customers of both variants; it is smallest near ``tuning``."""
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuning
    scaled = np.asarray(customers, float) * rho2 + 1
    return np.sqrt(2 * scaled / (scaled - 1) * np.log(np.sqrt(scaled) / alpha))


def _multipliers(information: Values, spending: Values) -> Values:
    """Return them for one side of the bounds. Follows the density of the sum where no bound was crossed yet."""
    rows = len(information)
    sums, density = np.zeros((rows, len(NODES))), np.full((rows, len(NODES)), 1 / len(NODES))
    known, used, bound = np.zeros(rows), np.zeros(rows), np.full(rows, LARGEST)
    found = []
    for now, allowed in zip(information.T, spending, strict=True):
        grows = now > known * (1 + LEAST_GROWTH)
        step = np.sqrt(np.where(grows, now - known, 1.0))[:, None]
        scale = np.sqrt(np.where(grows, now, 1.0))
        new_bound, new_used = _bound(sums, density, step, scale, allowed - used)
        middle, half = scale * (new_bound + LOWEST) / 2, scale * (new_bound - LOWEST) / 2
        new_sums = middle[:, None] + half[:, None] * NODES
        kernel = np.exp(-0.5 * ((new_sums[:, :, None] - sums[:, None, :]) / step[:, :, None]) ** 2)
        new_density = half[:, None] * WEIGHTS * (kernel @ density[:, :, None])[..., 0] / step / math.sqrt(2 * math.pi)
        sums, density = np.where(grows[:, None], new_sums, sums), np.where(grows[:, None], new_density, density)
        known, bound = np.where(grows, now, known), np.where(grows, new_bound, bound)
        used = np.where(grows, used + new_used, used)
        found.append(bound)
    return np.column_stack(found)


def _bound(sums: Values, density: Values, step: Values, scale: Values, allowed: Values) -> tuple[Values, Values]:
    """Return the bounds that are crossed with the allowed probabilities, and the probabilities at those bounds."""

    def crossed(bound: Values) -> Values:
        return np.asarray((density * ndtr((sums - (bound * scale)[:, None]) / step)).sum(axis=1))

    low, high = np.full(len(scale), LOWEST), np.full(len(scale), LARGEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        too_often = crossed(middle) > allowed
        low, high = np.where(too_often, middle, low), np.where(too_often, high, middle)
    return high, crossed(high)
