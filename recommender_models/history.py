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
    # The arithmetic of ``_summed`` in plain Python: for the few events of one user, arrays take several times longer.
    decay = _decay_by_time({time for _, time, _ in events}, settings)
    summed: dict[int, float] = {}
    for item, time, weight in events:
        summed[item] = summed.get(item, 0.0) + weight * decay[time]
    items = sorted(summed)
    if len(items) > MOST_ITEMS:
        # The heaviest as they are stored; equal ones in order.
        items = sorted(sorted(items, key=lambda item: -np.float32(summed[item]))[:MOST_ITEMS])
    weights = np.array([summed[item] for item in items], dtype=np.float32)
    return History(np.array(items, dtype=np.int64), weights)


def _decay_by_time(times: set[float], settings: Settings) -> dict[float, float]:
    """Return what a weight is multiplied with at each moment of one user."""
    half_life, newest = settings.half_life_days * DAY, max(times)
    return {
        time: 0.5 ** ((newest - time) / half_life) * settings.step_decay**newer
        for newer, time in enumerate(sorted(times, reverse=True))
    }


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
