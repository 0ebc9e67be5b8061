"""The recommenders that can be made of what Spark has counted."""

import functools
from typing import cast

import numpy as np
from scipy import sparse

from evaluation.recommenders.trained_models import Learn, TrainedModels
from evaluation.spark.training import SparkTraining
from recommender_models.models import covisitation, ease
from recommender_models.models.item_knn import strongest_pairs
from recommender_models.models.popularity import Popularity, PopularityCounts
from recommender_models.models.popularity_count import shares
from recommender_models.models.similarity import DenseSimilarity, Similarity
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import Floats, TrainingSet


class SparkModels(TrainedModels):
    """The same lists as ``TrainedModels``, of counts alone."""

    def __init__(
        self, train: SparkTraining, users: RecordColumns | None, seed: int, items: RecordColumns | None
    ) -> None:
        # Of it, the base class reads only the items.
        super().__init__(cast(TrainingSet, train), users, seed, items=items)
        self._counts = train

    @functools.cached_property
    def popularity(self) -> Floats:
        return shares(self._counts.by_item)

    @functools.cached_property
    def recent(self) -> Popularity:
        by_segment = sparse.csr_array((0, len(self._counts.item_ids)), dtype=np.float32)
        counted = PopularityCounts(self._counts.recent, self._counts.by_item, by_segment)
        return Popularity.of_counts(counted, RecordColumns())

    def _learn(self, learn: Learn, wanted: bytes | None) -> sparse.csr_array:
        if learn is not covisitation.co_visited:
            raise NotImplementedError(learn)
        usual = np.sqrt(self._counts.visits.astype(np.float32))
        return strongest_pairs(self._counts.together.copy(), 0, usual, covisitation.NEAREST)

    def _fit_ease(self, regularisation: float) -> Similarity:
        assert self._counts.gram is not None  # noqa: S101 - else ease takes no part
        return DenseSimilarity(ease.of_gram(self._counts.gram.toarray(), regularisation))
