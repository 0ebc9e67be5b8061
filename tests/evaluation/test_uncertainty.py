"""Intervals that hold as often as they say, verdicts that say what is known, test users from the rounding alone."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.failure import BadFile
from evaluation.scoring import published
from evaluation.scoring.uncertainty import compare, mean, users_needed


def test_a_mean_lies_in_its_interval_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(5)
    intervals = [mean(random.exponential(1.0, 400)) for _ in range(1000)]
    assert 0.93 < np.mean([one.low <= 1.0 <= one.high for one in intervals]) < 0.97


def test_the_difference_is_paired_so_that_what_users_share_does_not_blur_it() -> None:
    random = np.random.default_rng(5)
    shared = random.random(500)
    found = compare(shared + 0.01 + random.normal(0, 0.02, 500), shared, seed=1)
    assert found.verdict == "better"
    assert found.difference.low == pytest.approx(found.difference.mean - 1.96 * 0.02 / 500**0.5, abs=5e-4)
    assert compare(shared - 0.01, shared, seed=1).verdict == "worse"
    assert (found.win + found.tie + found.lose) == pytest.approx(1.0)


def test_what_cannot_be_told_says_how_many_more_users_it_would_take() -> None:
    random = np.random.default_rng(6)
    differences = random.normal(0, 1, 400)
    differences += 0.05 - differences.mean()
    found = compare(differences, np.zeros(400), seed=1)
    assert found.verdict == "cannot tell"
    assert found.more_users == users_needed(differences.std(ddof=1), 0.05) - 400
    assert found.more_users == pytest.approx((2.8 / 0.05) ** 2 - 400, rel=0.1)
    assert "more users needed" in found.in_words()
    same = compare(np.ones(12), np.ones(12), seed=1)
    assert same.in_words() == "cannot tell: no difference to be seen"


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
    told = [compare(draw(random, n), np.zeros(n), seed).verdict != "cannot tell" for seed in range(times)]
    assert np.mean(told) <= most


def test_one_user_tells_nothing_of_others_and_too_few_are_named_as_the_reason() -> None:
    one = compare(np.array([0.3]), np.array([0.1]), seed=1)
    assert (one.verdict, one.difference.low, one.difference.high) == ("cannot tell", -math.inf, math.inf)
    assert one.in_words() == "cannot tell: too few users (1, it takes 10 or more)"
    assert compare(np.full(9, 0.3), np.full(9, 0.1), seed=1).in_words().startswith("cannot tell: too few users (9,")
    assert compare(np.full(10, 0.3), np.full(10, 0.1), seed=1).in_words() == "better"


def test_five_users_who_differ_do_not_tell_whatever_the_others() -> None:
    ours = np.zeros(400)
    ours[:5] = 1
    found = compare(ours, np.zeros(400), seed=1)
    assert found.in_words() == "cannot tell: 5 users differ, it takes 6 or more"
    assert found.difference.low > 0  # by chance one in 16 times
    ours[5] = 1
    assert compare(ours, np.zeros(400), seed=1).verdict == "better"


def test_a_mean_of_few_users_has_students_interval() -> None:
    random = np.random.default_rng(11)
    held = [one.low <= 0 <= one.high for one in (mean(random.normal(0, 1, 4)) for _ in range(2000))]
    assert 0.93 < np.mean(held) < 0.97


def test_users_needed_find_the_difference_four_times_in_five() -> None:
    random = np.random.default_rng(7)
    n = users_needed(1.0, 0.2)
    told = [mean(random.normal(0.2, 1, n)).low > 0 for _ in range(2000)]
    assert 0.77 < np.mean(told) < 0.83


def test_a_large_test_has_the_normal_interval_that_a_bootstrap_has_there() -> None:
    random = np.random.default_rng(8)
    values = random.exponential(1.0, 100_001)
    large, just_below = compare(values, np.zeros(100_001), 1), compare(values[:-1], np.zeros(100_000), 1)
    assert large.difference.low == pytest.approx(just_below.difference.low, abs=5e-4)


def printed(users: int, hits: tuple[int, int, int]) -> dict[str, float]:
    return {f"precision_at_{k}": round(hit / (k * users), 4) for k, hit in zip((5, 10, 25), hits, strict=True)}


def test_the_number_of_test_users_comes_out_of_the_rounding() -> None:
    random = np.random.default_rng(9)
    right = 0
    for _ in range(100):
        users = int(random.integers(30, 80))
        first = int(random.integers(5, 40))
        found = published.published("x", printed(users, (first, first + 7, first + 31)))
        assert users in found.candidates
        # A smaller number may fit where the hits and the users have a divisor in common.
        right += found.users == users or (found.users is not None and users % found.users == 0)
    assert right > 95


def test_with_many_users_nothing_is_claimed() -> None:
    found = published.published("x", printed(199, (31, 59, 131)))
    assert (found.users, found.intervals) == (None, {})
    assert published.published("x", dict.fromkeys(printed(50, (0, 0, 0)), 0.0)).users is None


def test_the_published_metrics_of_a_real_run_give_its_test_users(test_data: Path) -> None:
    found = published.read(test_data / "interactions/aws_poc_personalize_metrics.json")
    assert {one.name: one.users for one in found} == {
        "aws-user-personalization": 56,
        "aws-sims": 68,
        "aws-personalized-ranking": 53,
    }
    _, low, high = found[0].intervals["precision_at_5"]
    assert low < 0.0824 < high  # the other recipe's, which looked better


def test_an_answer_of_the_service_is_read_and_a_cut_one_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    answer = {"solutionVersionArn": "arn:aws:personalize:eu:1:solution/shop/abc", "metrics": printed(40, (9, 11, 14))}
    path.write_text(json.dumps(answer, indent=1))
    (found,) = published.read(path)
    assert (found.name, found.users) == ("shop", 40)
    path.write_text(json.dumps(answer, indent=1)[:90])
    with pytest.raises(BadFile, match=r"metrics.json:\d: not JSON"):
        published.read(path)
    path.write_text("{}")
    with pytest.raises(BadFile, match="GetSolutionMetrics"):
        published.read(path)


def test_a_longer_list_has_no_fewer_hits() -> None:
    # By rounding alone 20 users fit: 10 hits in 5 places, but then 9 in 10.
    assert 20 not in published.published("x", printed(20, (10, 9, 30))).candidates
    assert 20 in published.published("x", printed(20, (9, 10, 30))).candidates
