"""Many experiments at once, each looked at every day: customers come by day, and what they bring is drawn.

Estimates are differences of means with the usual standard error. How far the intervals reach is the product's rule.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.looks import LEAST_BOUGHT
from experiments.sequential import anytime_multiplier, planned_multipliers, spent

DAYS = 28
EVEN = np.ones(DAYS)
# Quiet weekdays, loud weekends, a campaign in the second week with four times the customers, and a lull at the end.
UNEVEN = np.tile([0.5, 0.5, 0.6, 0.7, 1.0, 1.8, 1.6], 4) * np.repeat([0.6, 4.0, 1.5, 0.4], 7)
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Simulated:
    """By experiment and day: the difference and its standard error, customers, and buyers in the smaller variant.

    ``truth``: the difference that there is.
    """

    effect: Values
    error: Values
    customers: Values
    effective: Values
    bought: Values
    truth: float | Values


def most_by_chance(experiments: int, rate: float = 0.05) -> int:
    """Return how many of so many false alarms at a rate there are at most, 99 times in 100."""
    from scipy.stats import binom  # loads for a second

    return int(binom.ppf(0.99, experiments, rate))


def conversions(experiments: int, traffic: Values, *, rate: float, uplift: float, share: float, seed: int) -> Simulated:
    """Return experiments on whether customers buy, each of them at once or some days after they came in."""
    random = np.random.default_rng(seed)
    counts, buyers = [], []
    for chance, part in ((rate, 1 - share), (rate * (1 + uplift), share)):
        came = random.poisson(800 * traffic * part, (experiments, DAYS))
        bought = random.binomial(came, chance)
        counts.append(np.cumsum(came, axis=1))
        buyers.append(np.cumsum(bought, axis=1))
    means = [bought / came for bought, came in zip(buyers, counts, strict=True)]
    return _simulated(means, [mean * (1 - mean) for mean in means], counts, buyers, rate * uplift)


def late_conversions(experiments: int, traffic: Values, *, rate: float, seed: int) -> Simulated:
    """Return experiments without a difference in which half of the buyers buy a week after they came in, on average."""
    random = np.random.default_rng(seed)
    counts, buyers = [], []
    for _ in range(2):
        came = random.poisson(400 * traffic, (experiments, DAYS))
        later = np.zeros((experiments, 2 * DAYS + 40))
        for day in range(DAYS):
            bought = random.binomial(came[:, day], rate)
            at_once = random.binomial(bought, 0.5)
            later[:, day] += at_once
            delays = random.geometric(1 / 7, int((bought - at_once).sum()))
            rows = np.repeat(np.arange(experiments), bought - at_once)
            np.add.at(later, (rows, np.minimum(day + delays, later.shape[1] - 1)), 1)
        counts.append(np.cumsum(came, axis=1))
        buyers.append(np.cumsum(later, axis=1)[:, :DAYS])
    means = [bought / came for bought, came in zip(buyers, counts, strict=True)]
    return _simulated(means, [mean * (1 - mean) for mean in means], counts, buyers, 0.0)


def revenue(experiments: int, traffic: Values, *, rate: float, uplift: float, sigma: float, seed: int) -> Simulated:
    """Return experiments on revenue: log-normal, capped at the largest hundredth; ``uplift`` is of who buys."""
    from scipy.stats import lognorm  # loads for a second

    random = np.random.default_rng(seed)
    cap = float(lognorm.ppf(0.99, sigma))
    counts, buyers, sums, squares = [], [], [], []
    for chance in (rate, rate * (1 + uplift)):
        came = random.poisson(400 * traffic, (experiments, DAYS))
        bought = random.binomial(came, chance)
        amounts = np.minimum(random.lognormal(0.0, sigma, int(bought.sum())), cap)
        days = np.repeat(np.arange(bought.size), bought.ravel())
        for place, powers in ((sums, amounts), (squares, amounts**2)):
            by_day = np.bincount(days, powers, minlength=bought.size).reshape(bought.shape)
            place.append(np.cumsum(by_day, axis=1))
        counts.append(np.cumsum(came, axis=1))
        buyers.append(np.cumsum(bought, axis=1))
    means = [total / came for total, came in zip(sums, counts, strict=True)]
    variances = [square / came - mean**2 for square, came, mean in zip(squares, counts, means, strict=True)]
    mean_amount = float(lognorm.expect(lambda x: np.minimum(x, cap), (sigma,), lb=0, ub=cap)) + cap * 0.01
    return _simulated(means, variances, counts, buyers, rate * uplift * mean_amount)


def planned(simulated: Simulated) -> Values:
    """Return the multipliers of an experiment that was planned for as many days as there are."""
    information = np.maximum.accumulate((simulated.effective * simulated.error) ** 2, axis=1)
    return planned_multipliers(information, spent(np.arange(1, DAYS + 1), DAYS))


def anytime(simulated: Simulated, expected: int) -> Values:
    """Return the multipliers of an experiment without a planned end."""
    return np.asarray(anytime_multiplier(simulated.customers, expected / 2))


def fixed(simulated: Simulated) -> Values:
    """Return the multiplier of an interval that is meant for one look."""
    return np.full(simulated.effect.shape, 1.959964)


def alarms(simulated: Simulated, multipliers: Values) -> int:
    """Return in how many experiments some day's interval leaves out zero, with enough buyers for a verdict."""
    outside = np.abs(simulated.effect) > multipliers * simulated.error
    return int((outside & (simulated.bought >= LEAST_BOUGHT)).any(axis=1).sum())


def covered(simulated: Simulated, multipliers: Values) -> int:
    """Return in how many experiments the intervals of all days with enough buyers hold the true difference."""
    inside = np.abs(simulated.effect - simulated.truth) <= multipliers * simulated.error
    return int((inside | (simulated.bought < LEAST_BOUGHT)).all(axis=1).sum())


def _simulated(
    means: list[Values], variances: list[Values], counts: list[Values], buyers: list[Values], truth: float
) -> Simulated:
    first, second = counts
    error = np.sqrt(sum(variance / (count - 1) for variance, count in zip(variances, counts, strict=True)))
    effective = first * second / (first + second)
    return Simulated(means[1] - means[0], error, first + second, effective, np.minimum(*buyers), truth)
