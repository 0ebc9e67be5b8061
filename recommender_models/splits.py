"""What is held back to be predicted: as Amazon Personalize does for its metrics, and each user's last basket."""

import numpy as np
import numpy.typing as npt

from recommender_models.grouping import moments, rank_within
from recommender_models.training_set import TrainingSet

Mask = npt.NDArray[np.bool_]


def draw_test_users(rows: TrainingSet, seed: int, one_in: int = 10) -> Mask:
    """Return which users are kept for the test, one mark each: a tenth, at least one.

    (Developer Guide, "Evaluating a solution version with metrics".) ``one_in``: for another share than a tenth.
    """
    users = len(rows.user_ids)
    chosen = np.random.default_rng(seed).permutation(users)[: max(1, users // one_in)]
    return np.isin(np.arange(users), chosen)


def newest_tenth(rows: TrainingSet) -> Mask:
    """Return the newest tenth of each user's events, rounded down: with 10 events one, with 19 one.

    Below ten events it is the newest one, if there are two: else small shops would have nothing to predict, and of
    these the service asks no more than two events a user. ``rows`` are by user, then time.
    """
    counts = np.bincount(rows.users, minlength=len(rows.user_ids))[rows.users]
    held = np.where(counts >= 2, np.maximum(1, counts // 10), 0)
    return rank_within(rows.users, -np.arange(len(rows))) < held


def last_basket(rows: TrainingSet) -> Mask:
    """Return the events of each user's newest moment, of users who have an older one."""
    newer, age = moments(rows.users, rows.times)
    oldest = np.zeros(len(rows.user_ids))
    np.maximum.at(oldest, rows.users, age)
    return (newer == 0) & (oldest[rows.users] > 0)
