"""Simulated experiments: how often people who look every day are told of a difference that is not there."""

from collections.abc import Callable

import numpy as np
import pytest

from experiments.sample_ratio import log_odds, p_value
from tests.draws import draws
from tests.experiments import simulated
from tests.experiments.simulated import DAYS, EVEN, UNEVEN, Simulated, most_by_chance

pytestmark = pytest.mark.server  # takes long

EXPERIMENTS = draws(1000, 100)
SAME: dict[str, Callable[[], Simulated]] = {
    "even traffic": lambda: simulated.conversions(EXPERIMENTS, EVEN, rate=0.03, uplift=0, share=0.5, seed=1),
    "uneven traffic, a holdout of a tenth": lambda: simulated.conversions(
        EXPERIMENTS, UNEVEN, rate=0.03, uplift=0, share=0.9, seed=2
    ),
    "buyers who take their time": lambda: simulated.late_conversions(EXPERIMENTS, UNEVEN, rate=0.03, seed=3),
    "heavy-tailed revenue": lambda: simulated.revenue(EXPERIMENTS, UNEVEN, rate=0.05, uplift=0, sigma=1.5, seed=4),
}
BETTER: dict[str, Callable[[], Simulated]] = {
    "conversion": lambda: simulated.conversions(EXPERIMENTS, UNEVEN, rate=0.03, uplift=0.2, share=0.5, seed=5),
    "heavy-tailed revenue": lambda: simulated.revenue(EXPERIMENTS, UNEVEN, rate=0.05, uplift=0.3, sigma=1.5, seed=6),
}


@pytest.mark.parametrize("case", SAME)
def test_a_and_a_are_told_apart_in_at_most_67_of_1000_experiments(case: str) -> None:
    found = SAME[case]()
    expected = int(found.customers[:, -1].mean())
    by_rule = {
        "planned": simulated.alarms(found, simulated.planned(found)),
        "anytime": simulated.alarms(found, simulated.anytime(found, expected)),
    }
    one_look = simulated.alarms(found, simulated.fixed(found))
    print(f"\n{case}: of {EXPERIMENTS}, alarms {by_rule}, and {one_look} by an interval for one look")  # noqa: T201
    assert max(by_rule.values()) <= most_by_chance(EXPERIMENTS), by_rule
    # What this is for: an interval that is meant for one look fails.
    assert one_look > most_by_chance(EXPERIMENTS)


@pytest.mark.parametrize("case", BETTER)
def test_at_least_933_of_1000_experiments_have_the_uplift_in_the_intervals_of_all_days(case: str) -> None:
    found = BETTER[case]()
    expected = int(found.customers[:, -1].mean())
    multipliers = {"planned": simulated.planned(found), "anytime": simulated.anytime(found, expected)}
    covered = {rule: simulated.covered(found, each) for rule, each in multipliers.items()}
    told = {rule: simulated.alarms(found, each) for rule, each in multipliers.items()}
    print(f"\n{case} with an uplift: of {EXPERIMENTS}, covered on all days {covered}, told {told}")  # noqa: T201
    assert min(covered.values()) >= EXPERIMENTS - most_by_chance(EXPERIMENTS), covered
    assert min(told.values()) > most_by_chance(EXPERIMENTS)  # the intervals are not too wide to tell anything


def test_spending_by_the_day_does_not_hold_with_the_information_of_even_traffic() -> None:
    """A campaign makes the looks depend on each other in another way than even traffic does."""
    found = simulated.conversions(EXPERIMENTS, UNEVEN, rate=0.03, uplift=0, share=0.5, seed=7)
    own = simulated.planned(found)
    even = simulated.planned_multipliers(np.arange(1.0, DAYS + 1), simulated.spent(np.arange(1, DAYS + 1), DAYS))
    assert np.abs(own - even)[:, 7:].max() > 0.05


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.1, 0.5, 0.4)])
def test_a_sample_ratio_that_is_right_is_doubted_in_at_most_as_many_experiments_as_it_says(
    shares: tuple[float, ...],
) -> None:
    random = np.random.default_rng(8)
    counts = np.cumsum([random.multinomial(random.poisson(400 * UNEVEN), shares) for _ in range(EXPERIMENTS)], axis=1)
    p_values = np.array([p_value(each) for each in log_odds(counts, shares)])
    assert (p_values < 0.05).sum() <= most_by_chance(EXPERIMENTS)
    missing = log_odds(np.cumsum(random.multinomial(random.poisson(400 * UNEVEN), (0.45, 0.55)), axis=0), (0.5, 0.5))
    assert p_value(missing) < 0.01
