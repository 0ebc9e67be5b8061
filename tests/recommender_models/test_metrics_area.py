"""The area under the curve, against its definition: over all pairs of a positive and a negative case."""

import numpy as np
import pytest

from recommender_models.metrics import area_under_curve


def by_pairs(scores: np.ndarray, positive: np.ndarray) -> float:
    pairs = [(good, bad) for good in scores[positive] for bad in scores[~positive]]
    return float(np.mean([1.0 if good > bad else 0.5 if good == bad else 0.0 for good, bad in pairs]))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_share_of_pairs_in_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, positive = random.integers(0, 6, 40).astype(float), random.random(40) < 0.4
    assert area_under_curve(scores, positive) == pytest.approx(by_pairs(scores, positive))


def test_without_both_kinds_it_is_a_half() -> None:
    for positive in (np.ones(3, dtype=bool), np.zeros(3, dtype=bool), np.zeros(0, dtype=bool)):
        assert area_under_curve(np.arange(len(positive)).astype(float), positive) == 0.5
