"""The metrics of lists, against the documented example and against the plain definition."""

import math

import numpy as np
import pytest

from recommender_models import metrics
from recommender_models.evaluation import personalize


def two_and_five(relevant: int) -> tuple[metrics.Hits, metrics.Codes]:
    """A list of five whose second and fifth item are relevant, beside others that it lacks."""
    truth = np.array([2, 5, *range(100, 98 + relevant)])
    return metrics.hits(np.array([[1, 2, 3, 4, 5]]), np.zeros(len(truth), dtype=int), truth)


@pytest.mark.parametrize(("relevant", "usual"), [(2, 0.6241), (4, 0.3973)])
def test_the_documented_example(relevant: int, usual: float) -> None:
    hits, counts = two_and_five(relevant)
    assert counts.tolist() == [relevant]
    assert metrics.reciprocal_rank(hits) == [0.5]
    assert metrics.precision(hits, 5) == [0.4]
    assert metrics.ndcg(hits, counts, 5).round(4) == [usual]
    assert metrics.ndcg_hits_only(hits, 5).round(4) == [0.6241], "what was missed costs nothing"


def test_the_mean_of_three_reciprocal_ranks() -> None:
    hits = np.zeros((3, 25), dtype=bool)
    hits[[0, 1, 2], [3, 1, 5]] = True
    assert personalize(hits, 0.5)["mean_reciprocal_rank_at_25"] == 0.3056


def test_nothing_found_is_zero_throughout_and_a_short_list_misses_the_rest() -> None:
    hits, counts = metrics.hits(np.array([[7, -1, -1], [3, -1, -1]]), np.array([0, 1, 1]), np.array([7, 1, 1]))
    assert counts.tolist() == [1, 1], "a pair that comes twice counts once"
    assert metrics.precision(hits, 3).tolist() == [1 / 3, 0]
    assert metrics.ndcg(hits, counts, 3).tolist() == [1, 0]
    assert metrics.ndcg_hits_only(hits, 3).tolist() == [1, 0]
    assert metrics.reciprocal_rank(hits).tolist() == [1, 0]
    assert metrics.coverage(np.array([[7, -1, -1], [3, -1, -1]]), 8) == 0.25


def test_random_lists_score_as_their_definition_says() -> None:
    random = np.random.default_rng(11)
    lists = np.stack([random.permutation(60)[:25] for _ in range(40)])
    users, items = random.integers(0, 40, 300), random.integers(0, 60, 300)
    hits, counts = metrics.hits(lists, users, items)
    for user in range(40):
        truth = set(items[users == user].tolist())
        ranks = [place for place, item in enumerate(lists[user], start=1) if item in truth]
        assert counts[user] == len(truth)
        assert metrics.reciprocal_rank(hits)[user] == (1 / ranks[0] if ranks else 0)
        for k in (5, 10, 25):
            gain = sum(1 / math.log2(rank + 1) for rank in ranks if rank <= k)
            best = sum(1 / math.log2(place + 2) for place in range(min(k, len(truth))))
            assert metrics.precision(hits, k)[user] == sum(rank <= k for rank in ranks) / k
            assert metrics.ndcg(hits, counts, k)[user] == pytest.approx(gain / best if truth else 0)


def test_a_list_shorter_than_k_is_scored_against_k_places() -> None:
    hits, counts = metrics.hits(np.array([[1, 2]]), np.zeros(3, dtype=int), np.array([1, 2, 3]))
    assert metrics.precision(hits, 5).tolist() == [0.4]
    assert metrics.ndcg(hits, counts, 5) == pytest.approx((1 + 1 / math.log2(3)) / (1 + 1 / math.log2(3) + 0.5))
