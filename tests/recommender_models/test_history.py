"""What counts of a shopper's past."""

import numpy as np
import pytest

from recommender_models import history
from recommender_models.history import MOST_ITEMS
from recommender_models.settings import DAY, Settings
from recommender_models.training_set import TrainingSet

SETTINGS = Settings(half_life_days=10, step_decay=0.9)


def test_events_decay_by_age_and_by_newer_moments_and_add_up_by_item() -> None:
    hour = 3600.0
    events = [(3, hour, 1.0), (1, hour, 0.5), (2, 0.0, 1.0), (3, hour - 10 * DAY, 1.0)]
    counted = history.for_one(events, SETTINGS)
    assert counted.items.tolist() == [1, 2, 3]
    step = 0.9 * 0.5 ** (hour / (10 * DAY))
    assert counted.weights == pytest.approx([0.5, step, 1 + 0.9**2 * 0.5], rel=1e-6)


def test_of_many_items_those_that_weigh_most_are_kept() -> None:
    counted = history.for_one([(item, float(item), 1.0) for item in range(300)], SETTINGS)
    assert counted.items.tolist() == list(range(300 - MOST_ITEMS, 300))


def test_many_histories_are_each_what_one_would_be() -> None:
    random = np.random.default_rng(5)
    size = 3000
    users, items = np.sort(random.integers(0, 9, size)), random.integers(0, 400, size)
    times, weights = random.integers(0, 50, size) * DAY, random.random(size).astype(np.float32)
    names = [str(number) for number in range(400)]
    many = history.for_many(TrainingSet(names[:10], names, users, items, times, weights), SETTINGS)
    for user in range(9):
        own = users == user
        events = zip(items[own].tolist(), times[own].tolist(), weights[own].tolist(), strict=True)
        single = history.for_one(list(events), SETTINGS)
        line = slice(many.indptr[user], many.indptr[user + 1])
        assert many.indices[line].tolist() == single.items.tolist()
        assert many.data[line] == pytest.approx(single.weights)
    assert many.indptr[10] == many.indptr[9], "the tenth has no past"
