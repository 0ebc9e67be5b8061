"""Chooses the settings of a recommender for users (``performHPO``): one after the other, by what they predict.

For at most 2,000 of the given users, drawn by the seed, the newest moment is predicted, by a training on everybody's
older ones. From the defaults on, each setting in turn takes the value with the best NDCG@10, on any item; the present
value stays unless another is better. Each is looked at once: on a real shop the optimum was found to be flat.
"""

from dataclasses import replace

import numpy as np

from recommender_models import metrics
from recommender_models.models.similarity import MOST_DENSE
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.splits import last_basket
from recommender_models.training_set import TrainingSet

MOST_USERS = 2000
K = 10
VALUES = {
    "half_life_days": (7.0, 20.0, 60.0, 180.0),
    "step_decay": (0.6, 0.8, 0.9, 1.0),
    "repeat": (0.0, 0.1, 0.3, 1.0),
    "popularity": (0.15, 0.5, 1.0),
}
REGULARISATIONS = (4.0, 14.0, 40.0)


class _Validation:
    """Trains on older moments, and scores settings on the newest."""

    def __init__(self, rows: TrainingSet, users: RecordColumns, items: RecordColumns, seed: int) -> None:
        held = last_basket(rows)
        self._older, self._users, self._items = rows.take(~held), users, items
        chosen = np.unique(rows.users[held])
        chosen = np.random.default_rng(seed).permutation(chosen)[:MOST_USERS]
        marks = np.isin(np.arange(len(rows.user_ids)), chosen)
        self._past, self._newest = self._older.for_users(marks), rows.take(held).for_users(marks)
        known = users.properties()
        self._properties = [known.get(user) for user in self._past.user_ids]

    def __bool__(self) -> bool:
        return len(self._newest) > 0

    def fit(self, settings: Settings) -> UserPersonalization:
        return UserPersonalization.fit(self._older, self._users, self._items, settings)

    def score(self, model: UserPersonalization) -> float:
        lists = model.lists(self._past, self._properties, K)
        hits, relevant = metrics.hits(lists, self._newest.users, self._newest.items)
        return float(metrics.ndcg(hits, relevant, K).mean())


def search(rows: TrainingSet, users: RecordColumns, items: RecordColumns, seed: int) -> Settings:
    """Return the settings that predict these users' newest moments best; the defaults if nobody has two moments."""
    validation = _Validation(rows, users, items, seed)
    best = Settings()
    if not validation:
        return best
    model = validation.fit(best)
    best_score = validation.score(model)
    for name, values in VALUES.items():
        for value in values:
            candidate = replace(best, **{name: value})
            score = best_score if candidate == best else validation.score(model.with_settings(candidate))
            best, best_score = (candidate, score) if score > best_score else (best, best_score)
    if len(rows.item_ids) > MOST_DENSE:
        return best  # co-occurrence has no λ
    for value in REGULARISATIONS:
        candidate = replace(best, regularisation=value)
        score = best_score if value == model.settings.regularisation else validation.score(validation.fit(candidate))
        best, best_score = (candidate, score) if score > best_score else (best, best_score)
    return best
