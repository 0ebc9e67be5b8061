"""Intervals that hold as often as they say, and verdicts that say what is known."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from evaluation.scoring.uncertainty import compare, compare_each, mean, users_needed


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


def test_what_cannot_be_told_says_how_many_more_users_it_would_take() -> None:
    random = np.random.default_rng(6)
    differences = random.normal(0, 1, 400)
    differences += 0.05 - differences.mean()
    comparison = compare(differences, np.zeros(400), seed=1)
    assert comparison.verdict == "inconclusive"
    assert comparison.more_users == users_needed(differences.std(ddof=1), 0.05) - 400
    assert comparison.more_users == pytest.approx((2.8 / 0.05) ** 2 - 400, rel=0.1)
    assert "more users needed" in comparison.in_words()
    same = compare(np.ones(12), np.ones(12), seed=1)
    assert same.in_words() == "inconclusive: no difference to be seen"


@pytest.mark.parametrize("n", [0, 1, 9, 300])
def test_several_pairs_at_once_compare_as_each_alone(n: int) -> None:
    random = np.random.default_rng(7)
    pairs = [(random.random(n).astype(np.float32), random.random(n)) for _ in range(4)]
    alone = [compare(values, other_values, seed=3) for values, other_values in pairs]
    assert list(map(repr, compare_each(pairs, seed=3))) == list(map(repr, alone))
    assert compare_each([], seed=3) == []


def mostly_alike(random: np.random.Generator, n: int) -> np.ndarray:
    """Return differences that are worth nothing: most are zero, and few users lose a lot where many win a little."""
    return random.choice([0.0, -0.8, 0.2], n, p=[0.75, 0.05, 0.20])


def of_all_sizes(random: np.random.Generator, n: int) -> np.ndarray:
    return random.normal(0, 1, n)


@pytest.mark.parametrize(
    ("draw", "n", "times", "most"),
    [(of_all_sizes, 1, 5, 0), (of_all_sizes, 9, 40, 0), (of_all_sizes, 12, 200, 0.06), (mostly_alike, 10, 60, 0.05)],
)
def test_what_is_worth_nothing_is_seldom_told_from_nothing_however_few_the_users(
    draw: Callable[[np.random.Generator, int], np.ndarray], n: int, times: int, most: float
) -> None:
    random = np.random.default_rng(10)
    verdicts = [compare(draw(random, n), np.zeros(n), seed).verdict != "inconclusive" for seed in range(times)]
    assert np.mean(verdicts) <= most


def test_one_user_tells_nothing_of_others_and_too_few_are_named_as_the_reason() -> None:
    comparison = compare(np.array([0.3]), np.array([0.1]), seed=1)
    assert (comparison.verdict, comparison.difference.low, comparison.difference.high) == (
        "inconclusive",
        -math.inf,
        math.inf,
    )
    assert comparison.in_words() == "inconclusive: too few users (1, it takes 10 or more)"
    assert compare(np.full(9, 0.3), np.full(9, 0.1), seed=1).in_words().startswith("inconclusive: too few users (9,")
    assert compare(np.full(10, 0.3), np.full(10, 0.1), seed=1).in_words() == "better"


def test_five_users_who_differ_do_not_tell_whatever_the_others() -> None:
    ours = np.zeros(400)
    ours[:5] = 1
    comparison = compare(ours, np.zeros(400), seed=1)
    assert comparison.in_words() == "inconclusive: 5 users differ, it takes 6 or more"
    assert comparison.difference.low > 0  # by chance one in 16 times
    ours[5] = 1
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
