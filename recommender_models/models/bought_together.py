"""Items that are bought together with a given one: those of the same baskets.

A basket is what a user buys with pauses of less than an hour. Items are as near as in ``similar_items``, but for
baskets in place of users. The Items dataset does not matter, because a lamp does not go with another lamp.
"""

from dataclasses import replace

import numpy as np

from recommender_models.models.similar_items import SimilarItems
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet

PAUSE = 3600.0  # seconds that part two baskets; not searched for


class BoughtTogether(SimilarItems):
    """Trained on purchases; saved and loaded as ``SimilarItems``."""

    @classmethod
    def fit(cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings) -> "SimilarItems":
        """Train on interactions alone."""
        return SimilarItems.fit(_by_basket(rows), RecordColumns(), RecordColumns(), settings)


def _by_basket(rows: TrainingSet) -> TrainingSet:
    """Return the same rows with baskets in place of users. ``rows`` are by user, then time."""
    new = np.r_[True, (np.diff(rows.users) != 0) | (np.diff(rows.times) >= PAUSE)]
    baskets = np.cumsum(new) - 1
    return replace(rows, users=baskets, user_ids=[str(number) for number in range(int(baskets[-1]) + 1)])
