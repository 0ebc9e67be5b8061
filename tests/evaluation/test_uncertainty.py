"""Intervals that hold as often as they say, and verdicts that say what is known."""

import math

import numpy as np
import pytest

from evaluation.scoring import bootstrap
from evaluation.scoring.uncertainty import compare, compare_each, mean, users_needed
from tests.draws import draws


def test_a_mean_lies_in_its_interval_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(5)
    intervals = [mean(random.exponential(1.0, 400)) for _ in range(1000)]
    assert 0.93 < np.mean([interval.low <= 1.0 <= interval.high for interval in intervals]) < 0.97


def test_the_difference_is_paired_so_that_what_users_share_does_not_blur_it() -> None:
    random = np.random.default_rng(5)
    shared = random.random(500)
    comparison = compare(shared + 0.01 + random.normal(0, 0.02, 500), shared, seed=1)
    assert comparison.verdict == "better"
    assert comparison.difference.low == pytest.approx(comparison.difference.mean - 1.96 * 0.02 / 500**0.5, abs=5e-4)
    assert compare(shared - 0.01, shared, seed=1).verdict == "worse"
    assert (comparison.win + comparison.tie + comparison.lose) == pytest.approx(1.0)


@pytest.mark.parametrize("seen", [0.0, 0.05])
def test_what_cannot_be_told_says_what_the_test_finds_whatever_the_difference_seen(seen: float) -> None:
    random = np.random.default_rng(6)
    differences = random.normal(0, 1, 400)
    differences += seen - differences.mean()
    comparison = compare(differences, np.zeros(400), seed=1, matters=0.1)
    assert comparison.verdict == "inconclusive"
    assert comparison.detectable == pytest.approx(2.8016 * differences.std(ddof=1) / 20, rel=1e-4)
    assert comparison.users_needed == pytest.approx((2.8 / 0.1) ** 2, rel=0.1)
    finds = f"this test finds differences of {comparison.detectable:.2g} or more"
    assert comparison.in_words() == f"inconclusive: {finds}; 0.1 takes {comparison.users_needed} users"
    assert compare(differences, np.zeros(400), seed=1).in_words() == f"inconclusive: {finds}"


def test_a_test_finds_four_times_in_five_what_it_says_it_finds() -> None:
    random = np.random.default_rng(12)
    detectable = compare(random.normal(0, 1, 150), np.zeros(150), seed=1).detectable
    assert detectable is not None
    times = draws(500, 100)
    told = [compare(random.normal(detectable, 1, 150), np.zeros(150), 1).verdict == "better" for _ in range(times)]
    assert abs(np.mean(told) - 0.8) < 3 * math.sqrt(0.8 * 0.2 / times) + 0.05  # and how far off the deviation may be


def test_a_difference_below_what_matters_is_said_to_be_none_and_one_around_it_is_not() -> None:
    random = np.random.default_rng(13)
    differences = random.normal(0, 0.1, 1000)
    differences += 0.008 - differences.mean()  # its interval is 0.002 to 0.014
    said = {matters: compare(differences, np.zeros(1000), 1, matters).in_words() for matters in (0.01, 0.015, None)}
    assert said == {0.01: "better", 0.015: "no difference that matters", None: "better"}
    below = {matters: compare(-differences, np.zeros(1000), 1, matters).in_words() for matters in (0.01, 0.015)}
    assert below == {0.01: "worse", 0.015: "no difference that matters"}
    assert compare(differences[:99], np.zeros(99), 1, 0.5).verdict == "too few"


@pytest.mark.parametrize("n", [0, 1, 9, 300])
def test_several_pairs_at_once_compare_as_each_alone(n: int) -> None:
    random = np.random.default_rng(7)
    pairs = [(random.random(n).astype(np.float32), random.random(n)) for _ in range(4)]
    alone = [compare(values, other_values, seed=3) for values, other_values in pairs]
    for each, other in zip(compare_each(pairs, seed=3), alone, strict=True):
        assert (each.verdict, each.p) == (other.verdict, pytest.approx(other.p))
        ends, other_ends = ([c.difference.low, c.difference.high, c.difference.mean] for c in (each, other))
        assert ends == pytest.approx(other_ends, nan_ok=True)
    assert compare_each([], seed=3) == []


def test_an_interval_leaves_out_zero_where_p_is_below_one_in_twenty() -> None:
    random = np.random.default_rng(9)
    for _ in range(60):
        comparison = compare(random.choice([0.02, -0.1, 0.3], 200, p=[0.6, 0.3, 0.1]), np.zeros(200), seed=1)
        outside = comparison.difference.low > 0 or comparison.difference.high < 0
        assert outside is (comparison.p < 0.05) is (comparison.verdict in ("better", "worse"))


@pytest.mark.parametrize(("t", "p"), [(0.9, 0.1), (-0.9, 0.1), (0.0, 1.0), (2.0, 0.0)])
def test_a_bootstraps_p_is_twice_the_share_of_resamples_beyond(t: float, p: float) -> None:
    assert bootstrap.p_value(np.linspace(-1, 1, 101), t) == pytest.approx(p)


def test_one_user_tells_nothing_of_others_and_too_few_are_named_as_the_reason() -> None:
    comparison = compare(np.array([0.3]), np.array([0.1]), seed=1)
    ends = comparison.difference.low, comparison.difference.high
    assert (comparison.verdict, *ends) == ("too few", -math.inf, math.inf)
    assert comparison.in_words() == "too few: 1 user, it takes 100 or more"
    assert compare(np.full(99, 0.3), np.full(99, 0.1), seed=1).in_words().startswith("too few: 99 users, it takes 100")
    assert compare(np.full(100, 0.3), np.full(100, 0.1), seed=1).in_words() == "better"


def test_few_users_who_differ_do_not_tell_whatever_the_others() -> None:
    ours = np.zeros(400)
    assert compare(ours, np.zeros(400), seed=1).in_words() == "too few: no user differs"
    ours[:19] = 1
    comparison = compare(ours, np.zeros(400), seed=1)
    assert comparison.in_words() == "too few: 19 users differ, it takes 20 or more"
    assert comparison.difference.low > 0
    ours[19] = 1
    assert compare(ours, np.zeros(400), seed=1).verdict == "better"


def test_a_mean_of_few_users_has_students_interval() -> None:
    random = np.random.default_rng(11)
    held = [interval.low <= 0 <= interval.high for interval in (mean(random.normal(0, 1, 4)) for _ in range(2000))]
    assert 0.93 < np.mean(held) < 0.97


def test_users_needed_find_the_difference_four_times_in_five() -> None:
    random = np.random.default_rng(7)
    n = users_needed(1.0, 0.2)
    verdicts = [mean(random.normal(0.2, 1, n)).low > 0 for _ in range(2000)]
    assert 0.77 < np.mean(verdicts) < 0.83


def test_a_large_test_has_the_normal_interval_that_a_bootstrap_has_there() -> None:
    random = np.random.default_rng(8)
    values = random.exponential(1.0, 100_001)
    large, just_below = compare(values, np.zeros(100_001), 1), compare(values[:-1], np.zeros(100_000), 1)
    assert large.difference.low == pytest.approx(just_below.difference.low, abs=5e-4)
