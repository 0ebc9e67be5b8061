"""The sequential rules give the numbers of other people's packages; golden_values.sh writes those again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.sample_ratio import log_odds, p_value
from experiments.sequential import LARGEST, anytime_multiplier, planned_multipliers, spent

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "oracles" / "golden_values.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["spotify"]["cases"], ids=lambda case: case["name"])
def test_planned_bounds_are_those_of_spotify_confidence(case: dict[str, Any]) -> None:
    spending = np.array(case["spending"])
    found = planned_multipliers(np.array(case["information"]), spending)
    # It solves for a probability with an error of 1e-7: nothing can be compared where that is much of it.
    solved = np.diff(spending, prepend=0) / 2 > 1e-5
    assert solved[-3:].all()
    assert found[solved] == pytest.approx(np.array(case["bounds"])[solved], rel=1e-3)
    assert (found[~solved] > 4).all()


@pytest.mark.parametrize("case", GOLDEN["gbstats"]["cases"], ids=lambda case: f"{case['customers']}/{case['tuning']}")
def test_the_confidence_sequence_is_that_of_gbstats(case: dict[str, Any]) -> None:
    reach = case["standard_error"] * anytime_multiplier(case["customers"], case["tuning"])
    assert (case["effect"] - reach, case["effect"] + reach) == pytest.approx((case["low"], case["high"]), rel=5e-4)


@pytest.mark.parametrize("case", GOLDEN["savvi"]["cases"], ids=lambda case: case["name"])
def test_the_sample_ratio_test_is_that_of_savvi(case: dict[str, Any]) -> None:
    assert log_odds(case["counts"], case["shares"]) == pytest.approx(case["log_odds"], rel=5e-4)


def test_what_is_spent_grows_to_alpha_at_the_planned_end_and_stays() -> None:
    days = spent([1, 14, 28, 40], 28)
    assert list(days) == sorted(days)
    assert days[0] < 1e-12
    assert days[-2:] == pytest.approx([0.05, 0.05])


def test_a_look_that_adds_nothing_spends_nothing() -> None:
    spending = spent([10, 11, 12, 28], 28)
    (first, second, third, last) = planned_multipliers(np.array([10.0, 10.0, 12.0, 28.0]), spending)
    assert first == second
    # What the second might have spent is left for the third.
    assert last == pytest.approx(planned_multipliers(np.array([10.0, 12.0, 28.0]), spending[[0, 2, 3]])[-1])
    assert third < first


def test_without_information_no_bound_can_be_crossed() -> None:
    assert planned_multipliers(np.zeros(3), spent([7, 14, 21], 21)).tolist() == [LARGEST] * 3


def test_many_sequences_at_once_give_the_same_as_each_alone() -> None:
    information = np.cumsum(np.random.default_rng(1).gamma(3, 1, (40, 8)), axis=1)
    spending = spent(np.arange(1, 9), 8)
    together = planned_multipliers(information, spending)
    assert together[35] == pytest.approx(planned_multipliers(information[35], spending))


def test_the_p_value_of_a_sample_ratio_keeps_the_worst_look() -> None:
    assert p_value([0.5, np.log(50), -3]) == pytest.approx(1 / 50)
    assert p_value([-2.0, -3.0]) == 1
