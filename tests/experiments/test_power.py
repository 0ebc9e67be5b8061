"""The power command's numbers are enough: experiments of that size find the effect as often as it says."""

import numpy as np
import pytest

from experiments.power import Traffic, size
from experiments.sequential import anytime_multiplier
from tests.draws import draws
from tests.experiments import simulated
from tests.experiments.simulated import DAYS, EVEN, most_by_chance

pytestmark = pytest.mark.server  # takes long

EXPERIMENTS = draws(1000, 100)


@pytest.mark.parametrize("planned", [True, False])
def test_experiments_of_the_size_find_the_effect_four_times_in_five(planned: bool) -> None:
    needed = size(Traffic.of_conversion(0.03), 0.2, planned=planned)
    a_day = EVEN * needed.every_day / DAYS / 800
    found = simulated.conversions(EXPERIMENTS, a_day, rate=0.03, uplift=0.2, share=0.5, seed=9)
    multipliers = simulated.planned(found) if planned else simulated.anytime(found, needed.every_day)
    told = simulated.alarms(found, multipliers)
    print(f"\n{needed.every_day:,} customers, {'planned' if planned else 'no'} end: {told} of {EXPERIMENTS}")  # noqa: T201
    assert told >= EXPERIMENTS - most_by_chance(EXPERIMENTS, 0.2)
    half = simulated.conversions(EXPERIMENTS, a_day / 2, rate=0.03, uplift=0.2, share=0.5, seed=9)
    rule = simulated.planned(half) if planned else simulated.anytime(half, needed.every_day)
    assert simulated.alarms(half, rule) < EXPERIMENTS - most_by_chance(EXPERIMENTS, 0.2)


def test_a_small_variant_takes_more_customers_and_traffic_makes_them_days_in_whole_weeks() -> None:
    even = size(Traffic.of_conversion(0.03, a_day=5_000), 0.1)
    tenth = size(Traffic.of_conversion(0.03, 0.1, 5_000), 0.1)
    assert tenth.every_day > 2.5 * even.every_day
    assert tenth.smaller == pytest.approx(tenth.every_day * 0.1, abs=1)
    for each in (even, tenth):
        assert each.days is not None
        assert each.days % 7 == 0
        assert each.days - 7 < each.every_day / 5_000 <= each.days


def test_the_sequence_is_tuned_to_half_of_what_it_takes() -> None:
    needed = size(Traffic.of_conversion(0.03), 0.1, planned=False)
    reach = float(anytime_multiplier(needed.every_day, needed.every_day / 2))
    assert needed.every_day == pytest.approx(needed.one_look * ((reach + 0.8416) / (1.96 + 0.8416)) ** 2, rel=1e-3)
    assert np.isfinite(reach)
