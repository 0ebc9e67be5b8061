"""The same list for everybody: items by how many users took them, however often (the use case "Most popular")."""

import numpy as np

from recommender_models.models.item_knn import user_item_matrix
from recommender_models.models.popularity_count import SMOOTHING, PopularityCount
from recommender_models.models.user_personalization import catalogue_of
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet


class MostUsers(PopularityCount):
    """Trained counts of users; saved and loaded as ``PopularityCount``."""

    @classmethod
    def fit(
        cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings
    ) -> "PopularityCount":
        """Count users, each by the strongest weight of their interactions with an item."""
        catalogue = catalogue_of(rows, items)
        counts = np.full(len(catalogue), SMOOTHING)
        counts[: len(rows.item_ids)] += np.asarray(user_item_matrix(rows).sum(axis=0)).ravel()
        return PopularityCount(catalogue, (counts / counts.sum()).astype(np.float32))
