"""Experiments on the made-up shop in virtual time: what the power command says beforehand is what comes out.

The effect is known, and so is the true difference. Each trial has as many customers as the power calculation says for
it, at a conversion that a team would know from before.
"""

import functools
from dataclasses import dataclass

import numpy as np
import pytest

from experiments.analysis import PopulationResult, Question, analyse
from experiments.looks import BETTER, CANNOT_TELL
from experiments.outcomes import EVERYBODY, TRIGGERED
from experiments.power import Traffic, size
from local_stack.items4u.customers import Visits, visits
from local_stack.items4u.slot import Slot
from local_stack.items4u.trial import NEVER, Measured, outcomes, trial, truth
from tests.draws import ALL, draws
from tests.experiments.virtual_shop import DAYS, START_MS, halves, shop_events

SEEDS = draws(100, 10)
# A small effect takes many customers, and each takes processor time: only make proofs draws those.
EFFECTS = (0.0, 0.05, 0.1, 0.5) if ALL else (0.0, 0.5)
WITHOUT_EFFECT = 0.1 if ALL else 0.5  # as many customers as this effect takes, where there is none
POWER, CONFIDENCE = 0.8, 0.95
SURE = 0.01  # a correct analysis fails a limit so often
MEASURED = {TRIGGERED: Measured(True, "conversion", DAYS), EVERYBODY: Measured(False, "conversion", DAYS)}


@dataclass(frozen=True)
class Outcome:
    """What one population of one trial says: its verdict, and whether the last interval covers the truth."""

    verdict: str
    covers: bool
    customers: int


@functools.cache
def pool() -> Visits:
    return visits(1, 5_000, range(-DAYS, DAYS + 1), Slot())


def needed(effect: float, population: str) -> int:
    """Return how many customers have to be in an experiment, so that there are enough of a population."""
    measured = MEASURED[population]
    conversion, begin = outcomes(pool(), pool().revenue, measured, pool().customers)
    rate = conversion[begin < NEVER].mean()
    wanted = size(Traffic.of_conversion(rate), truth(pool(), effect, measured) / rate, power=POWER)
    return round(wanted.every_day / (begin < NEVER).mean())


@functools.cache
def played(effect: float) -> list[dict[str, Outcome]]:
    """Return what the trials with an effect say, by population."""
    customers = needed(effect or WITHOUT_EFFECT, TRIGGERED)
    return [one_trial(effect, customers, seed) for seed in range(SEEDS)]


def one_trial(effect: float, customers: int, seed: int) -> dict[str, Outcome]:
    experiment = halves(f"trial-{seed}")
    events = shop_events(trial(pool(), experiment, effect=effect, customers=customers, seed=seed), seed)
    report = analyse(events, experiment, Question(planned_days=DAYS, start=START_MS))
    assert report.days == DAYS
    return {found.name: outcome(found, effect) for found in report.populations}


def outcome(found: PopulationResult, effect: float) -> Outcome:
    (comparison,) = found.comparisons
    last = comparison.last("conversion")
    assert last is not None
    true = truth(pool(), effect, MEASURED[found.name])
    return Outcome(comparison.verdict.outcome, last.low <= true <= last.high, last.estimate.customers)


def limit(probability: float, rate: float) -> float:
    """Return how many of all seeds there are at most with a probability, at a rate."""
    from scipy.stats import binom  # loads for a second

    return float(binom.ppf(probability, SEEDS, rate))


def share(effect: float, population: str, verdict: str) -> int:
    return sum(found[population].verdict == verdict for found in played(effect))


@pytest.mark.parametrize("effect", EFFECTS[1:])
def test_an_effect_is_found_as_often_as_the_power_command_says(effect: float, record_property) -> None:
    found = share(effect, TRIGGERED, BETTER)
    record_property(f"effect {effect:.0%}: {needed(effect, TRIGGERED):,} customers, found of {SEEDS}", found)
    assert found >= limit(SURE, POWER)


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_interval_covers_the_true_difference_as_often_as_it_says(effect: float, record_property) -> None:
    for population in MEASURED:
        covered = sum(found[population].covers for found in played(effect))
        record_property(f"effect {effect:.0%}, {population}: intervals that cover the truth of {SEEDS}", covered)
        assert covered >= limit(SURE, CONFIDENCE)


@pytest.mark.parametrize("population", MEASURED)
def test_without_an_effect_there_are_no_more_alarms_than_allowed(population: str, record_property) -> None:
    alarms = SEEDS - share(0.0, population, CANNOT_TELL)
    record_property(f"no effect, {population}: alarms of {SEEDS}", alarms)
    assert alarms <= limit(1 - SURE, 1 - CONFIDENCE)


@pytest.mark.parametrize("effect", EFFECTS[1:])
def test_the_triggered_analysis_needs_fewer_customers_than_that_of_everybody(effect: float, record_property) -> None:
    fewer = needed(effect, TRIGGERED) / needed(effect, EVERYBODY)
    record_property(
        f"effect {effect:.0%}: customers of the triggered analysis, of those of everybody's", f"{fewer:.0%}"
    )
    assert fewer < 0.6


def test_with_the_customers_of_the_triggered_analysis_that_of_everybody_finds_less(record_property) -> None:
    counts = {name: sum(share(effect, name, BETTER) for effect in EFFECTS[1:]) for name in MEASURED}
    record_property(f"found of {len(EFFECTS[1:]) * SEEDS}", counts)
    assert counts[EVERYBODY] < counts[TRIGGERED]


def test_the_analysis_reads_the_outcomes_that_the_trial_has() -> None:
    experiment = halves("read")
    drawn = trial(pool(), experiment, effect=0.5, customers=3_000, seed=7)
    report = analyse(shop_events(drawn, 7), experiment, Question(planned_days=DAYS, start=START_MS, cap=1e9))
    for found in report.populations:
        revenue, begin = outcomes(drawn, drawn.revenue, Measured(found.name == TRIGGERED, "revenue", DAYS), 3_000)
        for arm in found.arms:
            of_arm = (drawn.variant == arm.name) & (begin < NEVER)
            assert arm.customers == of_arm.sum()
            assert arm.bought == (revenue[of_arm] > 0).sum()
            assert arm.revenue == pytest.approx(float(np.sum(revenue[of_arm])))
