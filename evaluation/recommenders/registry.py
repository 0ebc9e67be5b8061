"""The recommenders by name. Their models are those of the local Personalize: one implementation serves both.

A kind scores, for each user, every trained item; settings that it does not search for have no effect on it. Where a
history says nothing, what sold in the 30 days before decides, so that every list is full: before the user's own moment
where each has one.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from evaluation.recommenders import by_category, large_catalogues
from evaluation.recommenders.score_blocks import Blocks, SparseScores
from evaluation.recommenders.trained_models import TrainedModels
from recommender_models.models.lists import Catalogue
from recommender_models.models.similarity import MOST_DENSE, SparseSimilarity
from recommender_models.models.transitions import RECENT_STEPS
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.settings import Settings
from recommender_models.training_set import Floats, TrainingSet

SMALLEST = np.float32(1e-30)
# What sells now, at most, against a user's best score: it parts equal scores, and many are equal (one basket's items).
TIE_BREAK_WEIGHT = np.float32(1e-3)
Multiply = Callable[[sparse.csr_array], Floats | sparse.csr_array]
"""Takes histories, users by items; returns scores, users by items."""


@dataclass(frozen=True)
class RecommenderSpec:
    """A recommender. ``baseline``: it counts, and learns nothing of what goes with what.

    ``personal``: it looks at a user's history; ``repeats``: it is about what the user had before, and has nothing to
    say of what is new to them. ``searched``: the settings to choose by validation. ``learns_order``: see ``ranked``;
    ``by_order``: it lives by the order of a history, so that shuffling that shows what the order is worth.
    ``by_category``, ``by_attributes``: it takes part only where the Items dataset names categories, or has attributes
    that say something. ``like``: the recommender whose chosen settings its own are searched from.
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
    by_attributes: bool = False
    like: str | None = None
    most_items: int | None = None
    searched: Sequence[str] = field(default=("half_life_days", "step_decay"))
    defaults: Settings = field(default_factory=Settings)

    @property
    def by_items(self) -> bool:
        """Return whether it needs the Items dataset."""
        return self.by_category or self.by_attributes


def _random(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    random, block = np.random.default_rng(models.seed), models.block
    for start in range(0, len(past.user_ids), block):
        lines = min(block, len(past.user_ids) - start)
        yield random.random((lines, len(past.item_ids)), dtype=np.float32)


def _popular(models: TrainedModels, past: TrainingSet, shares: Callable[[slice], Floats]) -> Blocks:
    """Yield the same scores for each user of some lines, or a line for each."""
    for start in range(0, len(past.user_ids), models.block):
        lines = slice(start, min(start + models.block, len(past.user_ids)))
        shape = lines.stop - start, len(past.item_ids)
        if models.many_items:
            yield SparseScores(sparse.csr_array(shape, dtype=np.float32), shares(lines))
        else:
            yield np.broadcast_to(shares(lines), shape).copy()


def _popularity(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _popular(models, past, lambda lines: models.popularity[None])


def _popularity_30_days(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return _popular(models, past, models.popular_now)


def _popularity_by_category(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    return by_category.blocks(past, models.categories, models.popular_now, models.block)


def _from_history(multiply: Multiply | None, models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    """Yield Σ weight · line of a matrix; without one, the weights themselves."""
    histories = models.histories(past, settings)
    for start in range(0, histories.shape[0], models.block):
        some = histories[start : start + models.block]
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
    for start, kept in zip(itertools.count(0, models.block), models.kept_of_ease(past, settings), strict=False):
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


def _content(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    """Yield scores of the items of the Items dataset, too: users by all items that the task knows."""
    transitions = SparseSimilarity(models.transitions(past)) if settings.sequence else None
    model = UserPersonalization(
        Catalogue(models.all_items), models.ease(settings.regularisation), models.recent, settings, transitions,
        models.content(settings.regularisation),
    )  # fmt: skip
    properties = [models.properties.get(user) for user in past.user_ids]
    popular = models.popular_for(properties)

    def of_all(lines: slice) -> Floats:
        shares = np.zeros((lines.stop - lines.start, len(models.all_items)), dtype=np.float32)
        shares[:, : len(past.item_ids)] = popular(lines)
        return shares

    return model.blocks(past, properties, of_all)


def _ease_history_of_many_items(models: TrainedModels, past: TrainingSet, settings: Settings) -> Blocks:
    """Yield what ``UserPersonalization`` says, but for items whose affinity is too small to be kept."""
    histories, steps = models.histories(past, settings), models.histories(past, RECENT_STEPS)
    popular = models.popular_for([models.properties.get(user) for user in past.user_ids])
    total = 1 + settings.repeat + settings.popularity + settings.sequence
    for start, kept in zip(itertools.count(0, models.block), models.kept_of_ease(past, settings), strict=False):
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
        "content", "ease-history, and by their attributes items that nobody, or hardly anybody, has taken", _content,
        by_attributes=True, most_items=MOST_DENSE, like="ease-history", searched=("content",),
    ),
    RecommenderSpec(
        "ranked", "what ease-history recommends, in an order learned from scores, counts, ages and attributes",
        _ease_history, learns_order=True, most_items=MOST_DENSE, searched=(),
    ),
)  # fmt: skip


BY_NAME = {recommender.name: recommender for recommender in RECOMMENDERS}
