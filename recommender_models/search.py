"""Chooses the settings of a recommender for users (``performHPO``): one after the other, by what they predict.

The users are split as for the service's metrics (see ``evaluation``): some, here a fifth and at most 2,000 of those
given, are left out of the training, and the newest tenth of their events is predicted, each user's at their own
moment. From the defaults on, each setting walks along its values as long as NDCG@10, on any item, rises. What it comes
to replaces the default only if it is shown to be better: the 95 % interval of the difference lies above zero.
"""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from recommender_models import metrics
from recommender_models.models.popular_now import PopularNow
from recommender_models.models.popularity_over_time import PopularityOverTime
from recommender_models.models.similarity import MOST_DENSE
from recommender_models.models.transitions import transitions
from recommender_models.models.user_personalization import UserPersonalization, catalogue_of
from recommender_models.paired import Values, shown_better
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.splits import draw_test_users, newest_tenth
from recommender_models.training_set import TrainingSet

MOST_USERS = 2000
ONE_IN = 5  # a tenth, as in the metrics, tells little in a small shop
K = 10
REGULARISATION, CONTENT = "regularisation", "content"
ENDLESS = 36_500.0  # days: after a hundred years nothing has faded
VALUES: Mapping[str, Sequence[float]] = {
    "sequence": (0.0, 0.3, 1.0, 3.0),  # first: beside it, EASE remembers longer
    "half_life_days": (2.0, 7.0, 20.0, 60.0, 180.0, ENDLESS),
    "step_decay": (0.3, 0.6, 0.8, 0.9, 1.0),
    "repeat": (0.0, 0.1, 0.3, 1.0, 3.0),
    "popularity": (0.05, 0.15, 0.5, 1.0, 3.0),
    CONTENT: (0.3, 1.0, 3.0, 10.0, 30.0),
    REGULARISATION: (1.0, 4.0, 14.0, 40.0, 140.0),
}
LIMITS = {
    "half_life_days": ENDLESS,
    "step_decay": 1.0,
    "repeat": 0.0,
    "sequence": 0.0,
}  # beyond these there is nothing to try


def walk(values: Sequence[float], start: float, score: Callable[[float], float]) -> float:
    """Return the value that ``score`` rises to from ``start`` on, up or down along rising ``values``.

    Where it stays the same the walk goes on, and where nothing is better it returns ``start``.
    """
    values = sorted({*values, start})
    best = values.index(start)
    for step in (1, -1):
        here = best
        while 0 <= here + step < len(values) and score(values[here + step]) >= score(values[here]):
            here += step
            best = here if score(values[here]) > score(values[best]) else best
    return values[best]


def end_of_tried(name: str, value: float) -> str | None:
    """Return ``smallest`` or ``largest`` for a value at the end of what is tried, where a further one could be."""
    if value == LIMITS.get(name, math.nan):
        return None
    tried = VALUES[name]
    return "smallest" if value <= min(tried) else "largest" if value >= max(tried) else None


def improved(
    settings: Settings,
    name: str,
    score: Callable[[Settings], Values],
    is_better: Callable[[Values, Values], bool] = shown_better,
) -> Settings:
    """Return the settings with the value of ``name`` that a walk comes to, if that is better; else as they are.

    ``score``: one value for each user, of the same users each time.
    """
    if not len(score(settings)):
        return settings

    def mean(value: float) -> float:
        return float(score(replace(settings, **{name: value})).mean())

    reached = replace(settings, **{name: walk(VALUES[name], getattr(settings, name), mean)})
    return reached if reached != settings and is_better(score(reached), score(settings)) else settings


def search(rows: TrainingSet, users: RecordColumns, items: RecordColumns, seed: int) -> Settings:
    """Return the settings that predict the newest events of other users best; the defaults if that can't be told."""
    validation = _Validation(rows, users, items, seed)
    best = Settings()
    if not validation:
        return best
    score = functools.cache(validation.score)
    for name in VALUES:
        if name == REGULARISATION and len(rows.item_ids) > MOST_DENSE:
            continue  # each takes minutes
        if name == CONTENT and not validation.has_content:
            continue
        best = improved(best, name, score)
    return best


class _Validation:
    """Trains on other users, and scores settings on the newest tenth of some."""

    def __init__(self, rows: TrainingSet, users: RecordColumns, items: RecordColumns, seed: int) -> None:
        rows = rows.for_users(np.bincount(rows.users, minlength=len(rows.user_ids)) > 0)
        chosen = draw_test_users(rows, seed, max(ONE_IN, -(-len(rows.user_ids) // MOST_USERS)))
        self._others, self._users, self._items = rows.take(~chosen[rows.users]).for_own_items(), users, items
        held = newest_tenth(rows)
        self._newest = rows.take(held).for_users(chosen)
        self._past = rows.take(~held).for_users(chosen).for_items(self._others.item_ids)
        known = users.properties()
        self._properties = [known.get(user) for user in self._past.user_ids]

    def __bool__(self) -> bool:
        return len(self._newest) > 0 and len(self._others) > 0

    @property
    def has_content(self) -> bool:
        """Whether attributes of items say something."""
        return self._fitted(Settings().regularisation).content is not None

    def score(self, settings: Settings) -> Values:
        """Return each user's NDCG@10."""
        model = self._fitted(settings.regularisation).with_settings(settings)
        lists = model.lists(self._past, self._properties, K, self._popular_now)
        relevant_items = self._newest.items_in(model.catalogue.code)
        # What the training did not know is relevant, and in no list.
        relevant_items = np.where(relevant_items < 0, len(model.catalogue), relevant_items)
        hits, relevant = metrics.hits(lists, self._newest.users, relevant_items)
        return metrics.ndcg(hits, relevant, K)[relevant > 0]

    @functools.cached_property
    def _fitted(self) -> Callable[[float], UserPersonalization]:
        return functools.lru_cache(maxsize=2)(self._fit)

    def _fit(self, regularisation: float) -> UserPersonalization:
        settings = Settings(regularisation=regularisation)
        model = UserPersonalization.fit(self._others, self._users, self._items, settings)
        return model.with_transitions(self._transitions)

    @functools.cached_property
    def _transitions(self) -> sparse.csr_array:
        return transitions(self._others)

    @functools.cached_property
    def _popular_now(self) -> PopularNow:
        moments = np.full(len(self._past.user_ids), np.iinfo(np.int64).max)
        np.minimum.at(moments, self._newest.users, self._newest.times)
        size = len(catalogue_of(self._others, self._items))
        return PopularNow(PopularityOverTime(self._others, self._users, size), moments, self._properties)
