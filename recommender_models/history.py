"""How much a user's past counts now: less with age and with every newer moment, summed up item by item."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.grouping import moments, rank_within
from recommender_models.settings import DAY, Settings
from recommender_models.training_set import Codes, Floats, TrainingSet

MOST_ITEMS = 100  # of a user's distinct items, those that count most; more would cost time and hardly change a list

Event = tuple[str, float, float]
"""Item id, time in epoch seconds, weight."""


@dataclass(frozen=True)
class History:
    """What counts of one user: distinct items (codes, rising) and their weights."""

    items: Codes
    weights: Floats


def for_one(events: Sequence[tuple[int, float, float]], settings: Settings) -> History:
    """Sum up one user's events (item code, time, weight), in any order."""
    items = np.array([item for item, _, _ in events], dtype=np.int64)
    times = np.array([time for _, time, _ in events], dtype=np.float64)
    weights = np.array([weight for _, _, weight in events], dtype=np.float64)
    _, distinct, summed = _summed(np.zeros(len(items), dtype=np.int64), items, times, weights, settings)
    return History(distinct, summed)


def for_many(rows: TrainingSet, settings: Settings) -> sparse.csr_array:
    """Return one line a user of ``rows`` (all of ``user_ids``), one column an item: what counts, as in ``for_one``."""
    users, items, weights = _summed(rows.users, rows.items, rows.times, rows.weights, settings)
    shape = len(rows.user_ids), len(rows.item_ids)
    return sparse.csr_array((weights, (users, items)), shape=shape, dtype=np.float32)


def _summed(
    users: Codes, items: Codes, times: npt.NDArray, weights: npt.NDArray, settings: Settings
) -> tuple[Codes, Codes, Floats]:
    """Return users, distinct items and weights, by user and item."""
    newer, age = moments(users, times)
    decayed = weights * 0.5 ** (age / (settings.half_life_days * DAY)) * settings.step_decay**newer
    size = int(items.max(initial=0)) + 1
    keys, pair = np.unique(users.astype(np.int64) * size + items, return_inverse=True)
    summed = np.bincount(pair, decayed, len(keys)).astype(np.float32)
    users, items = np.divmod(keys, size)
    heaviest = rank_within(users, -summed) < MOST_ITEMS
    return users[heaviest], items[heaviest], summed[heaviest]
