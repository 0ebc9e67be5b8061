"""Popularity at moments: what counting again at each of them says, whoever asks and in whatever order."""

from collections.abc import Sequence

import numpy as np
import pytest

from recommender_models.models.popular_now import BLOCK, PopularNow
from recommender_models.models.popularity import Popularity
from recommender_models.models.popularity_over_time import PopularityOverTime
from recommender_models.models.segments import Properties
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import DAY
from recommender_models.training_set import TrainingSet
from tests.recommender_models.rows import visits

USERS, ITEMS = 60, 12
MOMENTS = np.array([90, 45, 120, 31, 45, 200]) * int(DAY) + 1
PLANS = RecordColumns([f"u{user}" for user in range(USERS)], {"PLAN": ["free", "pro|new", None] * (USERS // 3)})


@pytest.fixture(scope="module")
def rows() -> TrainingSet:
    random = np.random.default_rng(4)
    times = random.integers(0, int(150 * DAY), 3000)
    return visits((f"u{random.integers(USERS)}", f"i{random.integers(ITEMS):02}", time) for time in times)


def counted_again(rows: TrainingSet, moment: int, properties: Properties | None) -> np.ndarray:
    # An event of the last second before the moment, of no weight, so that the 30 days end there.
    known = rows.take(rows.times < moment)
    end = TrainingSet(
        rows.user_ids,
        rows.item_ids,
        np.r_[known.users, 0],
        np.r_[known.items, 0],
        np.r_[known.times, moment - 1],
        np.r_[known.weights, np.float32(0)],
    )
    return Popularity.of(end, PLANS, ITEMS).for_user(properties)


@pytest.mark.parametrize(
    "properties",
    [None, [{"PLAN": plan} for plan in ("free", "pro", "new|pro", "unknown", None, "free|new")]],
    ids=["everybody", "by plan"],
)
def test_it_is_what_counting_at_each_moment_says(
    rows: TrainingSet, properties: Sequence[Properties | None] | None
) -> None:
    shares = PopularityOverTime(rows, PLANS, ITEMS).shares(MOMENTS, properties)
    expected = [
        counted_again(rows, int(moment), properties[place] if properties else None)
        for place, moment in enumerate(MOMENTS)
    ]
    assert shares == pytest.approx(np.array(expected), rel=1e-4)
    assert np.abs(shares[0] - shares[1]).max() > 0.01, "there is something to tell apart"


def test_what_is_taken_from_the_moment_on_is_not_known() -> None:
    shares = PopularityOverTime(
        visits([("u", "old", 1), ("v", "later", 100), ("w", "later", 101)]), RecordColumns(), 2
    ).shares(np.array([100, 102]))
    assert shares[0].argmax() == 1
    assert shares[1].argmax() == 0


def test_users_in_a_test_get_theirs_block_by_block(rows: TrainingSet) -> None:
    over_time = PopularityOverTime(rows, RecordColumns(), ITEMS)
    moments = np.random.default_rng(1).integers(int(40 * DAY), int(150 * DAY), 3 * BLOCK)
    now = PopularNow(over_time, moments, kept=2 * 4 * BLOCK * ITEMS)  # two blocks
    expected = over_time.shares(moments)
    for start in (0, BLOCK, 2 * BLOCK, 0):
        assert (now(slice(start, start + 7)) == expected[start : start + 7]).all()
