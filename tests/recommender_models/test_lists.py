"""The best places of many lines at once, however wide they are, and however many scores are equal."""

import numpy as np
import pytest

from recommender_models.models.lists import NARROW, top_rows


@pytest.mark.parametrize("width", [1, 3, NARROW, NARROW + 1, 5 * NARROW])
@pytest.mark.parametrize("limit", [1, 10, NARROW + 5])
def test_the_highest_scores_come_first_equal_ones_by_place_and_nothing_where_there_are_no_more(
    width: int, limit: int
) -> None:
    scores = np.random.default_rng(width).integers(0, 7, (50, width)).astype(np.float32)
    scores[scores == 3] = -np.inf
    best = [sorted(range(width), key=lambda place: (-line[place], place))[:limit] for line in scores]

    assert top_rows(scores, limit).tolist() == [line + [-1] * (limit - len(line)) for line in best]
