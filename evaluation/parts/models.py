"""What can be trained on interactions in parts: what adds up over them."""

import functools
from collections.abc import Callable
from typing import NoReturn, cast

import numpy as np
from scipy import sparse

from evaluation.parts import pairs
from evaluation.parts.training import PartedTraining
from evaluation.recommenders import trained_models
from evaluation.recommenders.trained_models import Learn, TrainedModels
from recommender_models.models import covisitation, ease, item_knn, pruned_ease, transitions
from recommender_models.models.item_knn import Mask, PairFactors
from recommender_models.models.popularity import Popularity, PopularityCounts
from recommender_models.models.popularity_count import shares
from recommender_models.models.similarity import (
    MOST_DENSE,
    DenseSimilarity,
    Similarity,
    SparseSimilarity,
    exact_items,
)
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import Floats, TrainingSet

Factors = Callable[[TrainingSet], PairFactors]


class PartedModels(TrainedModels):
    """The same lists as ``TrainedModels``. Everybody is asked at the end of the training."""

    def __init__(
        self, train: PartedTraining, users: RecordColumns | None, seed: int, items: RecordColumns | None
    ) -> None:
        # Of it, the base class reads only what a training in parts has as well.
        super().__init__(cast(TrainingSet, train), users, seed, items=items)
        self._parts = train

    @functools.cached_property
    def popularity(self) -> Floats:
        return shares(self.train.item_counts(len(self.train.item_ids)))

    @functools.cached_property
    def recent(self) -> Popularity:
        size, newest = len(self.train.item_ids), self.train.last
        parts = (PopularityCounts.of(rows, self._users, size, newest) for rows in self._parts)
        return Popularity.of_counts(functools.reduce(PopularityCounts.__add__, parts), self._users)

    @property
    def over_time(self) -> NoReturn:
        raise NotImplementedError("moments of their own take all interactions by time")

    def _learn(self, learn: Learn, wanted: bytes | None) -> sparse.csr_array:
        mask = None if wanted is None else np.frombuffer(wanted, dtype=bool)
        if learn is covisitation.co_visited:
            return self._strongest(covisitation.visited_together, covisitation.NEAREST, mask)
        if learn is transitions.transitions:
            by_step = np.sum([transitions.pairs_by_step(rows) for rows in self._parts], axis=0)
            steps = transitions.steps_within(by_step)
            follow = functools.partial(transitions.followed_by, steps=steps)
            return self._strongest(follow, transitions.NEAREST, mask)
        return trained_models.with_itself(self._strongest(item_knn.taken_together, item_knn.NEAREST, mask))

    def _strongest(self, factors: Factors, most: int, wanted: Mask | None = None) -> sparse.csr_array:
        train = self._parts
        return pairs.strongest(map(factors, train), len(train.item_ids), most, wanted, train.folder, train.memory)

    def _fit_ease(self, regularisation: float) -> Similarity:
        fitted: Similarity
        if len(self.train.item_ids) <= MOST_DENSE:
            fitted = DenseSimilarity(ease.of_gram(self.gram(None), regularisation))
        else:
            most = exact_items(len(self.train.item_ids), MOST_DENSE)
            places = pruned_ease.taken_most(self._takers(), most)
            exact = ease.of_gram(self.gram(places), regularisation)
            nearest = self._strongest(item_knn.taken_together, item_knn.NEAREST)
            fitted = SparseSimilarity(pruned_ease.merged(exact, places, nearest), most)
        self.forms.add(fitted.form)
        return fitted

    def gram(self, items: np.ndarray | None) -> Floats:
        """Return X'X of all parts, of some items."""
        size = len(self._parts.item_ids) if items is None else len(items)
        total = np.zeros((size, size), dtype=np.float32)
        for rows in self._parts:
            matrix = item_knn.user_item_matrix(rows)
            ease.gram(matrix if items is None else matrix[:, items], total)
        return total

    def _takers(self) -> np.ndarray:
        """Return how many users took each item."""
        takers = (np.diff(item_knn.user_item_matrix(rows).tocsc().indptr) for rows in self._parts)
        return functools.reduce(np.add, takers)
