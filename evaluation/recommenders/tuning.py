"""Settings chosen where the test can't see: by what foretells the newest visits within the training interactions."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from evaluation.progress import Advance
from evaluation.recommenders.registry import MANY_ITEMS, Kind, Learnt, lists
from evaluation.scoring.metrics import score
from evaluation.task import KINDS as TASKS
from evaluation.task import Task, assemble
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
    """An inner test: everybody's newest visits in the training are foretold, for some users, from the older ones."""

    def __init__(self, train: TrainingSet, users: RecordColumns, seed: int) -> None:
        held = last_basket(train)
        self.task = _inner(train, held, seed) if held.any() else None
        if self.task:
            self._past = self.task.known_past()
            self._learnt = Learnt(self.task.train, users, seed)
            self._owned = self.task.owned()

    def to_try(self, kind: Kind) -> int:
        """Return how many values ``choose`` will try."""
        return sum(len(TRIED[name]) for name in self._searched(kind)) * len(TASKS)

    def choose(self, kind: Kind, done: Advance = lambda more: None) -> Chosen:
        """Return the best settings for each task: each setting in turn takes its best value, from the defaults on.

        ``done`` takes 1 for each value tried.
        """
        reached = functools.cache(functools.partial(self._reached, kind))
        names = self._searched(kind)
        return {task: _climbed(kind.defaults, names, reached, task, done) for task in TASKS}

    def _searched(self, kind: Kind) -> Sequence[str]:
        if self.task is None:
            return ()
        few = self.task.trained_items < MANY_ITEMS
        return [name for name in kind.searched if few or name != REGULARISATION]

    def _reached(self, kind: Kind, settings: Settings) -> dict[str, float]:
        """Return the NDCG@10 of each task."""
        assert self.task is not None  # noqa: S101 - only asked for with one
        found = {}
        blocks = list(kind.score(self._learnt, self._past, settings))
        for task in TASKS:
            made = lists(iter(blocks), task, self._owned, K)
            values = score(made, self.task.truth_of(task), (K,)).values.get(f"ndcg@{K}", np.zeros(1))
            found[task] = float(values.mean()) if len(values) else 0.0
        return found


def _climbed(
    best: Settings, names: Sequence[str], reached: Callable[[Settings], Mapping[str, float]], task: str, done: Advance
) -> Settings:
    for name in names:
        for tried in _variants(best, name):
            # The present value stays unless another is better.
            best = tried if reached(tried)[task] > reached(best)[task] else best
            done(1)
    return best


def _variants(settings: Settings, name: str) -> Iterator[Settings]:
    for value in TRIED[name]:
        yield replace(settings, **{name: value})


def _inner(train: TrainingSet, held: np.ndarray, seed: int) -> Task:
    users = np.random.default_rng(seed).permutation(np.unique(train.users[held]))[:MOST_USERS]
    chosen = np.isin(np.arange(len(train.user_ids)), users)
    older = train.take(~held)
    return assemble(older, older.of_users(chosen), train.take(held).of_users(chosen), None)
