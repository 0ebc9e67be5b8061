"""The choice of settings: values are walked along, and only what is shown to be better replaces a default."""

from collections.abc import Callable

import numpy as np
import pytest

from recommender_models.models import UserPersonalization
from recommender_models.paired import shown_better
from recommender_models.record_columns import RecordColumns
from recommender_models.search import ENDLESS, VALUES, end_of_tried, improved, search, walk
from recommender_models.settings import DAY, Settings
from tests.recommender_models.rows import visits

NOTHING = RecordColumns()
NOISE = np.random.default_rng(2).normal(size=400)


@pytest.mark.parametrize(
    ("start", "top", "reached"), [(3, 5, 5), (3, 1, 1), (3, 3, 3), (4.5, 5, 5), (9, 1, 1), (2, 99, 9)]
)
def test_a_walk_ends_at_the_top(start: float, top: float, reached: float) -> None:
    assert walk((1, 2, 3, 4, 5, 9), start, lambda value: -abs(value - top)) == reached


def test_a_walk_passes_equal_values_and_asks_of_none_behind_a_worse_one() -> None:
    scores = {1: 9.0, 2: 0.0, 3: 1.0, 4: 1.0, 5: 2.0, 6: 2.0, 7: 1.0, 8: 9.0}
    asked = set()

    def score(value: float) -> float:
        asked.add(value)
        return scores[int(value)]

    assert walk(list(scores), 3, score) == 5
    assert asked == {2, 3, 4, 5, 6, 7} - {2}
    assert walk((1, 2, 3, 4, 5), 3, lambda value: 1.0) == 3


def test_the_ends_of_what_is_tried_are_named_where_there_could_be_more() -> None:
    ends = {name: [end_of_tried(name, value) for value in values] for name, values in VALUES.items()}
    assert ends["regularisation"] == ["smallest", None, None, None, "largest"]
    assert ends["popularity"][0] == "smallest"
    # A hundred years are for ever, nothing counts more than a newer event, and no share is below zero.
    assert ends["half_life_days"][-1] is ends["step_decay"][-1] is ends["repeat"][0] is None
    assert VALUES["half_life_days"][-1] == ENDLESS


@pytest.mark.parametrize(
    ("differences", "better"),
    [
        (0.2 + NOISE, True),
        (0.02 + NOISE, False),
        (-0.2 + NOISE, False),
        (np.full(9, 0.1), False),  # too few users
        (np.r_[np.full(5, 0.1), np.zeros(95)], False),  # too few who differ
        (np.r_[np.full(6, 0.1), np.zeros(30)], True),
        (np.zeros(0), False),
    ],
)
def test_better_is_what_the_paired_interval_shows(differences: np.ndarray, *, better: bool) -> None:
    others = np.random.default_rng(3).random(len(differences))
    assert shown_better(others + differences, others) is better


def test_a_better_mean_alone_replaces_nothing() -> None:
    def score(gain: float) -> Callable[[Settings], np.ndarray]:
        return lambda settings: NOISE * settings.repeat + gain * (settings.repeat == 1.0)

    assert NOISE.mean() + 0.05 > 0
    assert improved(Settings(), "repeat", score(0.05)) == Settings()
    assert improved(Settings(), "repeat", score(1.0)).repeat == 1.0


def visits_of_chance(users: int) -> list[tuple[str, str, float]]:
    random = np.random.default_rng(5)
    return [(f"u{user}", f"i{random.integers(50)}", user + step * DAY) for user in range(users) for step in range(20)]


def test_from_chance_the_search_learns_nothing() -> None:
    assert search(visits(visits_of_chance(150)), NOTHING, NOTHING, 1) == Settings()


def test_the_search_predicts_the_newest_tenth_of_others_at_their_own_moments() -> None:
    """Each month has its own five items, and nobody takes one again: what sells now is all that there is to know."""
    random = np.random.default_rng(6)
    seen = [
        (f"u{user}", f"month {month} item {item}", (month + day) * 30 * DAY)
        for user in range(150)
        for month in range(user % 5, user % 5 + 4)
        for item, day in zip(random.permutation(12)[:3], sorted(random.random(3)), strict=True)
    ]
    chosen = search(visits(seen), NOTHING, NOTHING, 1)
    assert chosen.repeat < Settings().repeat
    assert chosen.popularity + chosen.sequence > Settings().popularity + Settings().sequence
    assert UserPersonalization.fit(visits(seen), NOTHING, NOTHING, chosen)
