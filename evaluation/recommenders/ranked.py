"""A learned order of what the closed form recommends: gradient boosting over scores, counts, ages and attributes.

It learns from the test by which settings are chosen (``tuning.Validation``): there it is known which of the candidates
came true. Then the same columns are computed for the test users, whose truth it never sees.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evaluation.recommenders.candidate_features import Asked, features, labels, ordered
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import lists
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import PLACES, score
from evaluation.task import NEW_ITEMS, TASKS, Task
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, Floats, TrainingSet

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

FROM = "ease-history"
CANDIDATES = 150
TREES: Mapping[str, float] = {"trees": 150, "learning_rate": 0.06, "leaves": 15, "l2": 5.0}
LEAST_POSITIVE = 25  # of the pairs to learn from, for each half of the users
DECIDING = Metric("ndcg", 10)
SCORES = ("popularity", "popularity-30d", "history", "co-visitation", "item-knn", "sequential", "ease", FROM)
ChosenByName = Mapping[str, Mapping[str, Settings]]
"""Recommender → task → settings."""


@dataclass(frozen=True, eq=False)
class Order:
    """What was learned for one task. ``known``: which columns had a value to learn from."""

    trees: "HistGradientBoostingClassifier"
    known: npt.NDArray[np.bool_]

    def values(self, table: Floats) -> Floats:
        """Return how likely each pair is to come true: one number a line."""
        chances: Floats = self.trees.predict_proba(table[:, self.known])[:, 1]
        return chances


@dataclass(frozen=True, eq=False)
class Ranker:
    """What was learned, by task. ``reached``: the NDCG@10 in the validation, each half by what the other taught."""

    orders: Mapping[str, Order]
    reached: Mapping[str, float]
    chosen: ChosenByName
    users: RecordColumns
    items: RecordColumns

    def lists(self, task: Task, models: TrainedModels, past: TrainingSet, task_name: str) -> Codes:
        """Return the best items' codes, users by places."""
        asked = _asked(task, models, past, task_name, self.chosen)
        table = _table(asked, models, past, task_name, self)
        return ordered(asked, self.orders[task_name].values(table), PLACES)


def learn(
    task: Task, models: TrainedModels, chosen: ChosenByName, users: RecordColumns, items: RecordColumns, seed: int
) -> Ranker | None:
    """Learn an order for each task from a test whose truth is known; None where too little came true."""
    ranker, past = Ranker({}, {}, chosen, users, items), task.known_past()
    orders, reached = dict[str, Order](), dict[str, float]()
    for task_name in TASKS:
        asked, truth = _asked(task, models, past, task_name, chosen), task.truth_for(task_name)
        came = labels(asked, truth.users, truth.items)
        odd = asked.users % 2 == 1
        if min(came[odd].sum(), came[~odd].sum()) < LEAST_POSITIVE or came.all():
            continue
        table = _table(asked, models, past, task_name, ranker)
        orders[task_name] = _fit(table, came, seed)
        values = np.zeros(len(came), dtype=np.float32)
        for half in (odd, ~odd):
            values[half] = _fit(table[~half], came[~half], seed).values(table[half])
        scores = score(ordered(asked, values, DECIDING.k), truth, (DECIDING.k,))
        reached[task_name] = float(scores.values[DECIDING].mean())
    return Ranker(orders, reached, chosen, users, items) if orders else None


def _asked(task: Task, models: TrainedModels, past: TrainingSet, task_name: str, chosen: ChosenByName) -> Asked:
    blocks = BY_NAME[FROM].score(models, past, _settings(chosen, FROM, task_name))
    places = lists(blocks, task_name, task.owned(), CANDIDATES)
    assert isinstance(task.train, TrainingSet)  # noqa: S101 - with one in parts nothing is ranked
    moments = task.moments()
    now = np.full(task.users, float(task.train.times.max())) if moments is None else moments.astype(np.float64)
    return Asked(places, past, task.train, now)


def _table(asked: Asked, models: TrainedModels, past: TrainingSet, task_name: str, ranker: Ranker) -> Floats:
    names = [name for name in SCORES if not (BY_NAME[name].repeats and task_name == NEW_ITEMS)]
    scores = {name: BY_NAME[name].score(models, past, _settings(ranker.chosen, name, task_name)) for name in names}
    return np.column_stack(list(features(asked, scores, ranker.users, ranker.items).values()))


def _settings(chosen: ChosenByName, name: str, task_name: str) -> Settings:
    return chosen.get(name, {}).get(task_name, BY_NAME[name].defaults)


def _fit(table: Floats, came: npt.NDArray[np.bool_], seed: int) -> Order:
    known = np.asarray(~np.isnan(table).all(axis=0))
    ensemble = importlib.import_module("sklearn.ensemble")  # takes seconds
    trees: HistGradientBoostingClassifier = ensemble.HistGradientBoostingClassifier(
        max_iter=int(TREES["trees"]),
        learning_rate=TREES["learning_rate"],
        max_leaf_nodes=int(TREES["leaves"]),
        min_samples_leaf=min(200, max(20, len(came) // 500)),
        l2_regularization=TREES["l2"],
        early_stopping=False,
        random_state=seed,
    )
    return Order(trees.fit(table[:, known], came), known)
