"""Which places new items get, and which of them."""

import numpy as np
import pytest

from recommender_models.content.exploration import Exploration, explore
from recommender_models.settings import DAY

OTHERS = np.linspace(1, 0.1, 50, dtype=np.float32)
ALL = np.ones(60, dtype=bool)


def explored(fits: list[float], exploration: Exploration, allowed: np.ndarray = ALL, least: float = 0.5) -> list[int]:
    """Return the places (from 1) of the ten new items that got one, by rising place."""
    scores = np.concatenate([OTHERS, np.full(10, 0.001, dtype=np.float32)])
    filled = np.array([*fits, *[0.0] * (10 - len(fits))], dtype=np.float32)
    explore(scores, filled, least, allowed, exploration.ranks())
    order = np.argsort(-np.where(allowed, scores, -1), kind="stable").tolist()
    return [order.index(50 + number) + 1 for number in range(len(fits))]


@pytest.mark.parametrize(
    ("weight", "places"), [(0.3, [4, 7, 10]), (0.2, [5, 10, 15]), (0.1, [10, 20, 53]), (1.0, [1, 2, 3])]
)
def test_a_weight_is_a_share_of_the_places(weight: float, places: list[int]) -> None:
    assert explored([3.0, 2.0, 1.0], Exploration(weight)) == places


def test_the_best_fit_comes_first_and_what_does_not_fit_gets_no_place() -> None:
    assert explored([1.0, 3.0, 0.4], Exploration(0.3)) == [7, 4, 53]


def test_a_weight_of_zero_explores_nothing() -> None:
    assert Exploration(0.0).ranks() == []
    assert explored([3.0], Exploration(0.0)) == [51]


def test_places_count_among_what_may_be_listed() -> None:
    allowed = ALL.copy()
    allowed[:40] = False
    allowed[50] = False
    assert explored([3.0, 2.0], Exploration(0.3), allowed)[1] == 4


def test_where_nothing_else_may_be_listed_nothing_is_raised() -> None:
    allowed = np.arange(60) >= 50
    assert explored([2.0, 3.0], Exploration(0.3), allowed) == [1, 2]


def test_an_item_is_young_for_so_many_days_before_the_newest_interaction_and_where_nobody_says_when() -> None:
    newest = 100 * DAY
    created = np.array([newest - 31 * DAY, newest - 29 * DAY, newest + DAY, np.inf])
    assert Exploration(0.3).young(created, newest).tolist() == [False, True, True, True]
    assert Exploration(0.3, most_days=40).young(created, newest).all()


def test_a_campaign_says_it_in_strings_and_has_the_defaults_of_the_service() -> None:
    assert Exploration.of({}) == Exploration(0.3, 30)
    assert Exploration.of({"explorationWeight": "0.8", "explorationItemAgeCutOff": "7"}) == Exploration(0.8, 7)
    for wrong in ({"explorationWeight": "1.1"}, {"explorationWeight": "x"}, {"explorationItemAgeCutOff": "0"}):
        with pytest.raises(ValueError):  # noqa: PT011 - the message of float() or ours
            Exploration.of(wrong)
