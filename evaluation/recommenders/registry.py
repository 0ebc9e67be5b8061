"""The recommenders by name. Their models are those of the local Personalize: one implementation serves both.

A kind scores, for each user, every trained item; settings that it does not search for have no effect on it. Where a
history says nothing, what sold in the 30 days before decides, so that every list is full: before the user's own moment
where each has one.
"""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evaluation.data.item_columns import categories_of
from evaluation.recommenders import by_category, large_catalogues
from evaluation.recommenders.large_catalogues import KeptScores
from evaluation.recommenders.score_blocks import HEAD, Blocks, SparseScores
from recommender_models import history
from recommender_models.models import covisitation, item_knn, similarity
from recommender_models.models.lists import Catalogue, top
from recommender_models.models.popular_now import PopularNow
from recommender_models.models.popularity import Popularity
from recommender_models.models.popularity_count import PopularityCount
from recommender_models.models.popularity_over_time import PopularityOverTime
from recommender_models.models.similarity import MOST_DENSE, Similarity, SparseSimilarity
from recommender_models.models.transitions import RECENT_STEPS, transitions
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Floats, TrainingSet

BLOCK = 256  # users at a time
SMALLEST = np.float32(1e-30)
MANY_ITEMS = 5_000  # from here on a matrix of all pairs takes seconds and 100 MB: one at a time, with one λ
# What sells now, at most, against a user's best score: it parts equal scores, and many are equal (one basket's items).
TIE_BREAK_WEIGHT = np.float32(1e-3)
Learn = Callable[[TrainingSet, npt.NDArray[np.bool_] | None], sparse.csr_array]
"""Takes a training, and which items to learn of, None for all; returns weights, items by items."""
Multiply = Callable[[sparse.csr_array], Floats | sparse.csr_array]
"""Takes histories, users by items; returns scores, users by items."""


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
    ) -> None:
        """``moments``: when each user in the test is asked; None: all of them at the end of the training.

        ``many_items``: from so many on, scores are kept for the best items alone.
        """
        self.train = train
        self.seed = seed
        self.moments = moments
        self._users, self._items = users or RecordColumns(), items or RecordColumns()
        # Each matrix takes 4 bytes a pair of items: 50 MB for 3,600 items, 400 MB for 10,000.
        self.many_items = len(train.item_ids) > many_items
        self.forms: set[str] = set()
        self._histories = functools.lru_cache(maxsize=16)(self._weighed)
        self._kept = functools.lru_cache(maxsize=32)(self._keep)
        self._learned = functools.lru_cache(maxsize=3)(self._learn)
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
        for start in range(0, histories.shape[0], BLOCK):
            some = histories[start : start + BLOCK]
            now = self.popular_now(slice(start, start + some.shape[0]))
            heads = [top(line, HEAD) for line in now]
            heads = heads if len(heads) > 1 else heads * some.shape[0]
            ends = np.searchsorted(past.users, np.arange(start, start + some.shape[0] + 1))
            had = (past.items[first:end] for first, end in itertools.pairwise(ends.tolist()))
            always = [np.concatenate(each) for each in zip(had, heads, strict=True)]
            blocks.append(large_catalogues.kept(similarities.affinities(some), always))
        return blocks


def _nearest_and_itself(rows: TrainingSet, wanted: npt.NDArray[np.bool_] | None = None) -> sparse.csr_array:
    # An item is its own nearest: what the user had is as likely as its like.
    return item_knn.nearest(rows, wanted) + sparse.eye_array(len(rows.item_ids), dtype=np.float32)


@dataclass(frozen=True)
class RecommenderSpec:
    """A recommender. ``baseline``: it counts, and learns nothing of what goes with what.

    ``personal``: it looks at a user's history; ``repeats``: it is about what the user had before, and has nothing to
    say of what is new to them. ``searched``: the settings to choose by validation. ``learns_order``: see ``ranked``;
    ``by_order``: it lives by the order of a history, so that shuffling that shows what the order is worth.
    ``by_category``: it takes part only where the Items dataset names categories.
    """

    name: str
    description: str
    score: Callable[[TrainedModels, TrainingSet, Settings], Blocks]
    baseline: bool = False
    personal: bool = True
    repeats: bool = False
    learns_order: bool = False
    by_order: bool = False
    by_category: bool = False
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


def _popularity_by_category(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return by_category.blocks(past, models.categories, models.popular_now)


def _from_history(multiply: Multiply | None, models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    """Yield Σ weight · line of a matrix; without one, the weights themselves."""
    histories = models.histories(past, settings)
    for start in range(0, histories.shape[0], BLOCK):
        some = histories[start : start + BLOCK]
        product = multiply(some) if multiply else some
        now = models.popular_now(slice(start, start + some.shape[0]))
        tie_breaks = TIE_BREAK_WEIGHT * now / now.max(axis=1, keepdims=True)
        if models.many_items and sparse.issparse(product):
            yield SparseScores(large_catalogues.with_best(sparse.csr_array(product)), tie_breaks)
            continue
        scores = product if isinstance(product, np.ndarray) else product.toarray()
        scores /= np.maximum(scores.max(axis=1, keepdims=True), SMALLEST)
        scores += tie_breaks
        yield scores


def _product_with(matrix: sparse.csr_array) -> Multiply:
    return lambda histories: histories @ matrix


def _history(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(None, models, past, settings)


def _co_visitation(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(_product_with(models.co_visited(past)), models, past, settings)


def _item_knn(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(_product_with(models.neighbours(past)), models, past, settings)


def _sequential(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _from_history(_product_with(models.transitions(past)), models, past, settings)


def _ease(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    if not models.many_items:
        yield from _from_history(models.ease(settings.regularisation).affinities, models, past, settings)
        return
    for start, kept in zip(itertools.count(0, BLOCK), models.kept_of_ease(past, settings), strict=False):
        now = models.popular_now(slice(start, start + len(kept.sums)))
        tie_breaks = TIE_BREAK_WEIGHT * now / now.max(axis=1, keepdims=True)
        yield SparseScores(large_catalogues.over(kept.scores, kept.most), tie_breaks)


def _ease_history(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    if models.many_items:
        return _ease_history_of_many_items(models, past, settings)
    transitions = SparseSimilarity(models.transitions(past)) if settings.sequence else None
    model = UserPersonalization(
        Catalogue(past.item_ids), models.ease(settings.regularisation), models.recent, settings, transitions
    )
    properties = [models.properties.get(user) for user in past.user_ids]
    if models.moments is None:
        return model.blocks(past, properties)
    return model.blocks(past, properties, models.popular_for(properties))


def _ease_history_of_many_items(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    """Yield what ``UserPersonalization`` says, but for items whose affinity is too small to be kept."""
    histories, steps = models.histories(past, settings), models.histories(past, RECENT_STEPS)
    popular = models.popular_for([models.properties.get(user) for user in past.user_ids])
    total = 1 + settings.repeat + settings.popularity + settings.sequence
    for start, kept in zip(itertools.count(0, BLOCK), models.kept_of_ease(past, settings), strict=False):
        lines = slice(start, start + len(kept.sums))
        parts = [
            large_catalogues.over(kept.scores, kept.sums),
            large_catalogues.shares(histories[lines], settings.repeat),
        ]
        if settings.sequence:
            parts.append(large_catalogues.shares(steps[lines] @ models.transitions(past), settings.sequence))
        yield large_catalogues.mixed(parts, np.float32(settings.popularity) * popular(lines), total)


_ALL_OF_EASE = ("regularisation", "half_life_days", "step_decay")


RECOMMENDERS = (
    RecommenderSpec("random", "chance", _random, baseline=True, personal=False, searched=()),
    RecommenderSpec("popularity", "what is taken most", _popularity, baseline=True, personal=False, searched=()),
    RecommenderSpec(
        "popularity-30d", "what is taken most in the 30 days before", _popularity_30_days, baseline=True,
        personal=False, searched=(),
    ),
    RecommenderSpec(
        "popularity-category", "what is taken most in the 30 days before, of the user's two commonest categories",
        _popularity_by_category, baseline=True, by_category=True, searched=(),
    ),
    RecommenderSpec("history", "what the user had before, the newest first", _history, baseline=True, repeats=True),
    # The visit after is the one after the last: what was before it counts for less than with the others.
    RecommenderSpec(
        "co-visitation", "what others took with it or on the visit after", _co_visitation,
        defaults=Settings(step_decay=0.6),
    ),
    RecommenderSpec("item-knn", "what others took too (cosine), and what the user had", _item_knn),
    RecommenderSpec(
        "sequential", "what others took in the steps after the user's last ones", _sequential, by_order=True,
        searched=("step_decay",), defaults=RECENT_STEPS,
    ),
    RecommenderSpec("ease", "what goes with what, by EASE", _ease, searched=_ALL_OF_EASE),
    RecommenderSpec(
        "ease-history", "EASE, history, popularity and what comes next: the local Personalize", _ease_history,
        # The sequence first: beside it, EASE remembers longer.
        searched=("sequence", *_ALL_OF_EASE, "repeat", "popularity"),
    ),
    RecommenderSpec(
        "ranked", "what ease-history recommends, in an order learned from scores, counts, ages and attributes",
        _ease_history, learns_order=True, most_items=MOST_DENSE, searched=(),
    ),
)  # fmt: skip


BY_NAME = {recommender.name: recommender for recommender in RECOMMENDERS}
