"""What can be trained on one set of interactions, by the models of the local Personalize."""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evaluation.data.item_columns import categories_of, described
from evaluation.recommenders import by_category, large_catalogues
from evaluation.recommenders.large_catalogues import KeptScores
from evaluation.recommenders.score_blocks import HEAD
from recommender_models import history
from recommender_models.content.model import Content
from recommender_models.models import covisitation, item_knn, similarity
from recommender_models.models.lists import lines_at_once, top
from recommender_models.models.popular_now import PopularNow
from recommender_models.models.popularity import Popularity
from recommender_models.models.popularity_count import PopularityCount
from recommender_models.models.popularity_over_time import PopularityOverTime
from recommender_models.models.similarity import MOST_DENSE, Similarity, SparseSimilarity
from recommender_models.models.transitions import transitions
from recommender_models.models.user_personalization import content_of
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Floats, TrainingSet

MANY_ITEMS = 5_000  # from here on a matrix of all pairs takes seconds and 100 MB: one at a time, with one λ
Learn = Callable[[TrainingSet, npt.NDArray[np.bool_] | None], sparse.csr_array]
"""Takes a training, and which items to learn of, None for all; returns weights, items by items."""


class TrainedModels:
    """What can be trained on one set of interactions: each thing when it is first asked for, and only once."""

    def __init__(
        self,
        train: TrainingSet,
        users: RecordColumns | None = None,
        seed: int = 1,
        moments: npt.NDArray[np.int64] | None = None,
        many_items: int = MOST_DENSE,
        items: RecordColumns | None = None,
        all_items: Sequence[str] | None = None,
    ) -> None:
        """``moments``: when each user in the test is asked; None: all of them at the end of the training.

        ``many_items``: from so many on, scores are kept for the best items alone. ``all_items``: the trained ones, and
        after them others of the task, in the order of its codes.
        """
        self.train = train
        self.seed = seed
        self.moments = moments
        self._users, self._items = users or RecordColumns(), items or RecordColumns()
        self.all_items = train.item_ids if all_items is None else all_items
        # Each matrix takes 4 bytes a pair of items: 50 MB for 3,600 items, 400 MB for 10,000.
        self.many_items = len(train.item_ids) > many_items
        self.block = lines_at_once(len(train.item_ids))
        self.forms: set[str] = set()
        self._histories = functools.lru_cache(maxsize=16)(self._weighed)
        self._kept = functools.lru_cache(maxsize=32)(self._keep)
        self._learned = functools.lru_cache(maxsize=3)(self._learn)
        self.content = functools.lru_cache(maxsize=4)(self._fit_content)
        self._ease = functools.lru_cache(maxsize=4 if len(train.item_ids) < MANY_ITEMS else 1)(self._fit_ease)

    @functools.cached_property
    def popularity(self) -> Floats:
        return PopularityCount.fit(self.train, RecordColumns(), RecordColumns(), Settings()).shares

    @functools.cached_property
    def recent(self) -> Popularity:
        return Popularity.of(self.train, self._users, len(self.train.item_ids))

    @functools.cached_property
    def over_time(self) -> PopularityOverTime:
        return PopularityOverTime(self.train, self._users, len(self.train.item_ids))

    @functools.cached_property
    def popular_now(self) -> Callable[[slice], Floats]:
        """Takes places of users in the test; returns users by items, or one line where all are asked at the end."""
        if self.moments is None:
            return lambda lines: self.recent.shares[None]
        return PopularNow(self.over_time, self.moments)

    @functools.cached_property
    def categories(self) -> sparse.csr_array:
        return by_category.items_by_category(self.train.item_ids, categories_of(self._items))

    @functools.cached_property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        return self._users.properties()

    def neighbours(self, past: TrainingSet) -> sparse.csr_array:
        return self._of_items(_nearest_and_itself, past)

    def co_visited(self, past: TrainingSet) -> sparse.csr_array:
        return self._of_items(covisitation.co_visited, past)

    def transitions(self, past: TrainingSet) -> sparse.csr_array:
        return self._of_items(transitions, past)

    def _of_items(self, learn: Learn, past: TrainingSet) -> sparse.csr_array:
        """Return what is learned of each item; with many items, of those alone that somebody in the test has."""
        wanted = np.bincount(past.items, minlength=len(self.train.item_ids)) > 0
        return self._learned(learn, wanted.tobytes() if self.many_items else None)

    def _learn(self, learn: Learn, wanted: bytes | None) -> sparse.csr_array:
        return learn(self.train, None if wanted is None else np.frombuffer(wanted, dtype=bool))

    def ease(self, regularisation: float) -> Similarity:
        return self._ease(regularisation)

    def _fit_ease(self, regularisation: float) -> Similarity:
        fitted = similarity.fit(self.train, regularisation)
        self.forms.add(fitted.form)
        return fitted

    def _fit_content(self, regularisation: float) -> Content | None:
        """Return what attributes say of all items, in their order; None where they say nothing."""
        settings, new = Settings(regularisation=regularisation), self.all_items[len(self.train.item_ids) :]
        return content_of(self.train, described(self._items), self.ease(regularisation), settings, new)

    def notes(self) -> list[str]:
        """Return which form of EASE served, where there are too many items for the usual one."""
        return [f"ease, ease-history: {form}" for form in sorted(self.forms)] if self.many_items else []

    def popular_for(self, users: Sequence[Mapping[str, Any] | None]) -> Callable[[slice], Floats]:
        """Return ``popular_now`` for users with these properties."""
        if not any(users):
            return self.popular_now
        if self.moments is not None:
            return PopularNow(self.over_time, self.moments, users)
        return lambda lines: np.stack([self.recent.for_user(properties) for properties in users[lines]])

    def histories(self, past: TrainingSet, settings: Settings) -> sparse.csr_array:
        """Return what counts of each user's past; see ``history.for_many``."""
        return self._histories(past, settings.half_life_days, settings.step_decay)

    def _weighed(self, past: TrainingSet, half_life_days: float, step_decay: float) -> sparse.csr_array:
        return history.for_many(past, Settings(half_life_days=half_life_days, step_decay=step_decay))

    def kept_of_ease(self, past: TrainingSet, settings: Settings) -> Sequence[KeptScores]:
        """Return the strongest of what EASE says for each user's past, blocks of users."""
        return self._kept(past, settings.regularisation, settings.half_life_days, settings.step_decay)

    def _keep(self, past: TrainingSet, regularisation: float, *decays: float) -> Sequence[KeptScores]:
        histories, similarities = self._histories(past, *decays), self.ease(regularisation)
        blocks = []
        for start in range(0, histories.shape[0], self.block):
            some = histories[start : start + self.block]
            now = self.popular_now(slice(start, start + some.shape[0]))
            heads = [top(line, HEAD) for line in now]
            heads = heads if len(heads) > 1 else heads * some.shape[0]
            ends = np.searchsorted(past.users, np.arange(start, start + some.shape[0] + 1))
            had = (past.items[first:end] for first, end in itertools.pairwise(ends.tolist()))
            always = [np.concatenate(each) for each in zip(had, heads, strict=True)]
            if isinstance(similarities, SparseSimilarity):
                blocks.append(large_catalogues.kept_of_few(sparse.csr_array(some @ similarities.matrix), always))
            else:
                blocks.append(large_catalogues.kept(similarities.affinities(some), always))
        return blocks


def _nearest_and_itself(rows: TrainingSet, wanted: npt.NDArray[np.bool_] | None = None) -> sparse.csr_array:
    return with_itself(item_knn.nearest(rows, wanted))


def with_itself(nearest: sparse.csr_array) -> sparse.csr_array:
    """Return the same with each item as its own nearest: what the user had is as likely as its like."""
    return nearest + sparse.eye_array(nearest.shape[0], dtype=np.float32)
