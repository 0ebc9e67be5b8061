"""Settings chosen where the test can't see: by what predicts best in a test of the same kind within the training.

A value of a model replaces the default only if it is shown to be better for the users of this inner test; see
``evaluation.scoring.uncertainty``. Otherwise the default is kept. A baseline takes the best value.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.progress import Advance
from evaluation.recommenders.models import models_of
from evaluation.recommenders.registry import RecommenderSpec
from evaluation.recommenders.score_blocks import lists_by_task
from evaluation.recommenders.trained_models import MANY_ITEMS, TrainedModels
from evaluation.scoring import uncertainty
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import score
from evaluation.task import TASKS, Task, inner
from recommender_models.paired import shown_better
from recommender_models.record_columns import RecordColumns
from recommender_models.search import REGULARISATION, VALUES, end_of_tried, improved
from recommender_models.settings import Settings

MOST_USERS, FEWEST_USERS = 2000, 200
MOST_SCORES = 20_000_000  # users by items: with many items fewer users are asked, or settings would take minutes
K = 10
Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Choice:
    """Settings for one task. ``tried``: the names of those that validation looked at; ``chosen``: of these, the ones
    that it replaced; the others are kept.
    """

    settings: Settings
    tried: Sequence[str] = ()
    chosen: Sequence[str] = ()

    @property
    def at_end(self) -> Mapping[str, str]:
        """Return ``smallest`` or ``largest`` for each value that is at the end of those tried."""
        ends = {name: end_of_tried(name, getattr(self.settings, name)) for name in self.tried}
        return {name: end for name, end in ends.items() if end}

    def in_words(self, name: str) -> str:
        """Return a setting, and how it came about."""
        value = f"{name.replace('_', ' ')} {getattr(self.settings, name):g}"
        if name not in self.tried:
            return value
        end = f", the {self.at_end[name]} tried" if name in self.at_end else ""
        return f"{value} ({'chosen' if name in self.chosen else 'kept'}{end})"


@dataclass(frozen=True)
class ValidationFacts:
    """The test within the training by which settings were chosen. ``users``: asked about.

    ``cut``, ``last``: when what was to be predicted begins and ends, epoch seconds; no ``cut`` where each user has a
    moment of their own. ``values``: by setting, those that could be chosen.
    """

    users: int
    cut: int | None
    last: int
    values: Mapping[str, Sequence[float]]


Chosen = dict[str, Choice]


def defaults(recommender: RecommenderSpec) -> Chosen:
    """Return what applies without a validation."""
    return dict.fromkeys(TASKS, Choice(recommender.defaults))


def users_to_ask(items: int) -> int:
    """Return how many users settings are chosen by, with so many items."""
    return min(MOST_USERS, max(FEWEST_USERS, MOST_SCORES // max(1, items)))


class Validation:
    """An inner test: the training split as the whole was, for some users."""

    def __init__(self, task: Task, users: RecordColumns, seed: int, items: RecordColumns | None = None) -> None:
        self._seed = seed
        self.models: TrainedModels | None = None
        self.task = inner(task, users_to_ask(task.trained_items), seed)
        if self.task:
            self._past = self.task.known_past()
            self.models = models_of(self.task, users, seed, items)
            self._owned = self.task.owned()

    def facts(self, recommenders: Sequence[RecommenderSpec]) -> ValidationFacts | None:
        """Return who was asked about when, and what could be chosen for these recommenders."""
        if self.task is None:
            return None
        searched = {name for recommender in recommenders for name in self._searched(recommender)}
        values = {name: tuple(VALUES[name]) for name in VALUES if name in searched}
        return ValidationFacts(self.task.users, self.task.cut, int(self.task.truth_times.max()), values)

    def to_try(self, recommender: RecommenderSpec) -> int:
        """Return how many values ``choose`` will try at most."""
        return sum(len(VALUES[name]) for name in self._in_turn(recommender)) * len(TASKS)

    def choose(
        self, recommender: RecommenderSpec, done: Advance = lambda more: None, start: Chosen | None = None
    ) -> Chosen:
        """Return the settings for each task: each setting in turn takes its best value, from the defaults on.

        ``done`` takes how many values of a setting there are, when it is decided; ``start``: instead of the defaults.
        """
        values, start = functools.cache(functools.partial(self._values, recommender)), start or defaults(recommender)
        return {
            task: self._choice(recommender, start[task].settings, functools.partial(_of_task, values, task), done)
            for task in TASKS
        }

    def _choice(
        self, recommender: RecommenderSpec, start: Settings, score: Callable[[Settings], Values], done: Advance
    ) -> Choice:
        best = start
        # Of a baseline the better mean is enough: where it can't be told, the stronger opponent is the safer one.
        is_better = _has_higher_mean if recommender.baseline else self._is_better
        for name in self._in_turn(recommender):
            best = improved(best, name, score, is_better)
            done(len(VALUES[name]))
        names = self._searched(recommender)
        return Choice(best, names, [name for name in names if getattr(best, name) != getattr(start, name)])

    def _in_turn(self, recommender: RecommenderSpec) -> Sequence[str]:
        """Return the settings to choose one after the other; a baseline's in two turns.

        In the first turn, a half-life is the best beside the default decay, and not beside the one that is chosen next.
        """
        return [*self._searched(recommender)] * (2 if recommender.baseline else 1)

    def _is_better(self, values: Values, others: Values) -> bool:
        """Return whether the interval leaves out zero. A verdict would take more users: here the default is safe."""
        return shown_better(values, others) and uncertainty.compare(values, others, self._seed).difference.low > 0

    def reached(self, recommender: RecommenderSpec, chosen: Chosen) -> dict[str, float]:
        """Return the NDCG@10 of each task with its settings; none of a task about which nobody could be asked."""
        if self.task is None:
            return {}
        asked = [task for task in TASKS if len(self.task.truth_for(task))]
        return {task: float(self._values(recommender, chosen[task].settings)[task].mean()) for task in asked}

    def _searched(self, recommender: RecommenderSpec) -> Sequence[str]:
        """Return the settings to choose: another λ is another matrix, a minute and more with many items."""
        if self.task is None:
            return ()
        few = self.task.trained_items < MANY_ITEMS
        return [name for name in recommender.searched if few or name != REGULARISATION]

    def _values(self, recommender: RecommenderSpec, settings: Settings) -> Mapping[str, Values]:
        """Return each user's NDCG@10, by task."""
        assert self.task is not None and self.models is not None  # noqa: S101, PT018 - only asked for with one
        blocks, values = recommender.score(self.models, self._past, settings), {}
        for task, top_lists in lists_by_task(blocks, TASKS, self._owned, K).items():
            scores = score(top_lists, self.task.truth_for(task), (K,))
            values[task] = scores.values.get(Metric("ndcg", K), np.zeros(0))
        return values


def _of_task(values: Callable[[Settings], Mapping[str, Values]], task: str, settings: Settings) -> Values:
    return values(settings)[task]


def _has_higher_mean(values: Values, others: Values) -> bool:
    return float(values.mean()) > float(others.mean())
