"""The recommenders by name. Their models are those of the local Personalize: one implementation serves both.

A kind scores, for each user, every trained item; settings that it does not search for have no effect on it. Where a
history says nothing, what sold in the 30 days before decides, so that every list is full: before the user's own moment
where each has one.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evaluation.task import ALL_ITEMS, Pairs
from recommender_models import history
from recommender_models.models import covisitation, ease, item_knn
from recommender_models.models.lists import Catalogue, top_rows
from recommender_models.models.popular_now import PopularNow
from recommender_models.models.popularity import Popularity
from recommender_models.models.popularity_count import PopularityCount
from recommender_models.models.popularity_over_time import PopularityOverTime
from recommender_models.models.similarity import MOST_DENSE, DenseSimilarity
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, Floats, TrainingSet

BLOCK = 256  # users at a time
MANY_ITEMS = 5_000  # from here on a matrix of all pairs takes seconds and 100 MB: one at a time, with one λ
# What sells now, at most, against a user's best score: it parts equal scores, and many are equal (one basket's items).
TIE_BREAK_WEIGHT = np.float32(1e-3)
Blocks = Iterator[Floats]
NONE = -1


class TrainedModels:
    """What can be trained on one set of interactions: each thing when it is first asked for, and only once."""

    def __init__(
        self,
        train: TrainingSet,
        users: RecordColumns | None = None,
        seed: int = 1,
        moments: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """``moments``: when each user in the test is asked; None: all of them at the end of the training."""
        self.train = train
        self.seed = seed
        self.moments = moments
        self._users = users or RecordColumns()
        # Each matrix takes 4 bytes a pair of items: 50 MB for 3,600 items, 400 MB for 10,000.
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
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        return self._users.properties()

    @functools.cached_property
    def neighbours(self) -> sparse.csr_array:
        # An item is its own nearest: what the user had is as likely as its like.
        return item_knn.nearest(self.train) + sparse.eye_array(len(self.train.item_ids), dtype=np.float32)

    @functools.cached_property
    def co_visited(self) -> sparse.csr_array:
        return covisitation.co_visited(self.train)

    @functools.cached_property
    def _user_items(self) -> sparse.csr_array:
        return item_knn.user_item_matrix(self.train)

    def ease(self, regularisation: float) -> Floats:
        return self._ease(regularisation)

    def _fit_ease(self, regularisation: float) -> Floats:
        return ease.similarities(self._user_items, regularisation)


@dataclass(frozen=True)
class RecommenderSpec:
    """A recommender. ``baseline``: it counts, and learns nothing of what goes with what.

    ``personal``: it looks at a user's history; ``repeats``: it is about what the user had before, and has nothing to
    say of what is new to them. ``searched``: the settings to choose by validation.
    """

    name: str
    description: str
    score: Callable[[TrainedModels, TrainingSet, Settings], Blocks]
    baseline: bool = False
    personal: bool = True
    repeats: bool = False
    most_items: int | None = None
    searched: Sequence[str] = field(default=("half_life_days", "step_decay"))
    defaults: Settings = field(default_factory=Settings)


def _random(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    random = np.random.default_rng(models.seed)
    for start in range(0, len(past.user_ids), BLOCK):
        lines = min(BLOCK, len(past.user_ids) - start)
        yield random.random((lines, len(past.item_ids)), dtype=np.float32)


def _same(shares: Floats, past: TrainingSet) -> Blocks:
    for start in range(0, len(past.user_ids), BLOCK):
        yield np.tile(shares, (min(BLOCK, len(past.user_ids) - start), 1))


def _popularity(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _same(models.popularity, past)


def _popularity_30_days(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    for start in range(0, len(past.user_ids), BLOCK):
        lines = slice(start, min(start + BLOCK, len(past.user_ids)))
        yield np.broadcast_to(models.popular_now(lines), (lines.stop - start, len(past.item_ids))).copy()


def _from_history(
    matrix: Floats | sparse.csr_array | None, models: TrainedModels, past: TrainingSet, settings: Settings
) -> Blocks:
    """Yield Σ weight · line of the matrix; without one, the weights themselves."""
    histories = history.for_many(past, settings)
    for start in range(0, histories.shape[0], BLOCK):
        some = histories[start : start + BLOCK]
        product = some if matrix is None else some @ matrix
        scores = np.asarray(product.toarray() if sparse.issparse(product) else product)
        scores /= np.maximum(scores.max(axis=1, keepdims=True), np.float32(1e-30))
        now = models.popular_now(slice(start, start + some.shape[0]))
        scores += TIE_BREAK_WEIGHT * now / now.max(axis=1, keepdims=True)
        yield scores


def _history(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(None, models, past, settings)


def _co_visitation(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(models.co_visited, models, past, settings)


def _item_knn(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(models.neighbours, models, past, settings)


def _ease(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(models.ease(settings.regularisation), models, past, settings)


def _ease_history(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    similarities = DenseSimilarity(models.ease(settings.regularisation))
    model = UserPersonalization(Catalogue(past.item_ids), similarities, models.recent, settings)
    properties = [models.properties.get(user) for user in past.user_ids]
    if models.moments is None:
        return model.blocks(past, properties)
    if not any(properties):
        return model.blocks(past, properties, models.popular_now)
    return model.blocks(past, properties, PopularNow(models.over_time, models.moments, properties))


_ALL_OF_EASE = ("regularisation", "half_life_days", "step_decay")


RECOMMENDERS = (
    RecommenderSpec("random", "chance", _random, baseline=True, personal=False, searched=()),
    RecommenderSpec("popularity", "what is taken most", _popularity, baseline=True, personal=False, searched=()),
    RecommenderSpec(
        "popularity-30d", "what is taken most in the 30 days before", _popularity_30_days, baseline=True,
        personal=False, searched=(),
    ),
    RecommenderSpec("history", "what the user had before, the newest first", _history, baseline=True, repeats=True),
    # The visit after is the one after the last: what was before it counts for less than with the others.
    RecommenderSpec(
        "co-visitation", "what others took with it or on the visit after", _co_visitation,
        defaults=Settings(step_decay=0.6),
    ),
    RecommenderSpec("item-knn", "what others took too (cosine), and what the user had", _item_knn),
    RecommenderSpec("ease", "what goes with what, by EASE", _ease, most_items=MOST_DENSE, searched=_ALL_OF_EASE),
    RecommenderSpec(
        "ease-history", "EASE, history and popularity: the local Personalize", _ease_history, most_items=MOST_DENSE,
        searched=(*_ALL_OF_EASE, "repeat", "popularity"),
    ),
)  # fmt: skip


BY_NAME = {recommender.name: recommender for recommender in RECOMMENDERS}


def lists(blocks: Blocks, task: str, owned: Pairs, limit: int) -> Codes:
    """Return the best items' codes, users by places, -1 where there are no more.

    ``task``: of the task; for ``new-items`` what a user has (``owned``) is left out.
    """
    blocks_of_codes: list[npt.NDArray[np.int32]] = []
    start = 0
    for scores in blocks:
        if task != ALL_ITEMS:
            _forbid(scores, start, owned)
        best = top_rows(scores, limit)
        lines = np.arange(len(best))[:, None]
        best[np.isneginf(scores[lines, best])] = NONE
        blocks_of_codes.append(best.astype(np.int32))
        start += len(scores)
    return np.concatenate(blocks_of_codes)


def _forbid(scores: npt.NDArray[np.float32], start: int, owned: Pairs) -> None:
    part = slice(*np.searchsorted(owned.users, (start, start + len(scores))))
    users, items = owned.users[part] - start, owned.items[part]
    known = items < scores.shape[1]
    scores[users[known], items[known]] = -np.inf
