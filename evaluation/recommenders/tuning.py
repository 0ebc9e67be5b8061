"""Settings chosen where the test can't see: by what predicts the newest visits within the training interactions."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from evaluation.progress import Advance
from evaluation.recommenders.registry import MANY_ITEMS, RecommenderSpec, TrainedModels, lists
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.task import TASKS, Task, assemble
from recommender_models.record_columns import RecordColumns
from recommender_models.search import REGULARISATIONS, VALUES
from recommender_models.settings import Settings
from recommender_models.splits import last_basket
from recommender_models.training_set import TrainingSet

MOST_USERS = 1000
K = 10
# Another one takes another matrix, a minute and more with many items; what it is worth was found to be little.
REGULARISATION = "regularisation"
TRIED = {**VALUES, REGULARISATION: REGULARISATIONS}
Chosen = dict[str, Settings]


class Validation:
    """An inner test: everybody's newest visits in the training are predicted, for some users, from the older ones."""

    def __init__(self, train: TrainingSet, users: RecordColumns, seed: int) -> None:
        held = last_basket(train)
        self.task = _inner(train, held, seed) if held.any() else None
        if self.task:
            self._past = self.task.known_past()
            self._models = TrainedModels(self.task.train, users, seed)
            self._owned = self.task.owned()

    def to_try(self, recommender: RecommenderSpec) -> int:
        """Return how many values ``choose`` will try."""
        return sum(len(TRIED[name]) for name in self._searched(recommender)) * len(TASKS)

    def choose(self, recommender: RecommenderSpec, done: Advance = lambda more: None) -> Chosen:
        """Return the best settings for each task: each setting in turn takes its best value, from the defaults on.

        ``done`` takes 1 for each value tried.
        """
        reached = functools.cache(functools.partial(self._reached, recommender))
        names = self._searched(recommender)
        return {task: _climbed(recommender.defaults, names, reached, task, done) for task in TASKS}

    def reached(self, recommender: RecommenderSpec, chosen: Chosen) -> dict[str, float]:
        """Return the NDCG@10 of each task with its settings; none of a task about which nobody could be asked."""
        if self.task is None:
            return {}
        asked = [task for task in TASKS if len(self.task.truth_for(task))]
        return {task: self._reached(recommender, chosen[task])[task] for task in asked}

    def _searched(self, recommender: RecommenderSpec) -> Sequence[str]:
        if self.task is None:
            return ()
        few = self.task.trained_items < MANY_ITEMS
        return [name for name in recommender.searched if few or name != REGULARISATION]

    def _reached(self, recommender: RecommenderSpec, settings: Settings) -> dict[str, float]:
        """Return the NDCG@10 of each task."""
        assert self.task is not None  # noqa: S101 - only asked for with one
        means = {}
        blocks = list(recommender.score(self._models, self._past, settings))
        for task in TASKS:
            top_lists = lists(iter(blocks), task, self._owned, K)
            values = score(top_lists, self.task.truth_for(task), (K,)).values.get(Metric("ndcg", K), np.zeros(1))
            means[task] = float(values.mean()) if len(values) else 0.0
        return means


def _climbed(
    best: Settings, names: Sequence[str], reached: Callable[[Settings], Mapping[str, float]], task: str, done: Advance
) -> Settings:
    for name in names:
        for variant in _variants(best, name):
            # The present value stays unless another is better.
            best = variant if reached(variant)[task] > reached(best)[task] else best
            done(1)
    return best


def _variants(settings: Settings, name: str) -> Iterator[Settings]:
    for value in TRIED[name]:
        yield replace(settings, **{name: value})


def _inner(train: TrainingSet, held: np.ndarray, seed: int) -> Task:
    users = np.random.default_rng(seed).permutation(np.unique(train.users[held]))[:MOST_USERS]
    chosen = np.isin(np.arange(len(train.user_ids)), users)
    older = train.take(~held)
    return assemble(older, older.for_users(chosen), train.take(held).for_users(chosen), None)
