"""The same recommenders fed with states and with changes, asked the same: what will be acquired next?

Every recommender knows its feed alone. Its lists are scored as it gives them, and once more without what the customer
has at that time, as a filter would leave them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.data.log import Log
from evaluation.feeds import naive_bayes
from evaluation.recommenders.candidates import Candidate
from evaluation.recommenders.registry import BY_NAME
from evaluation.recommenders.score_blocks import lists
from evaluation.recommenders.trained_models import TrainedModels
from evaluation.scoring import uncertainty
from evaluation.scoring.leaderboard import Leaderboard, Result, score_candidates
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import PLACES
from evaluation.scoring.uncertainty import Comparison
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Task, assemble
from personalize_data.errors import InvalidRequest
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet

STATES, CHANGES = "states", "changes"
NAIVE_BAYES = "naive Bayes by holdings"
COMPARED = ("popularity", "popularity-30d", "history", "co-visitation", "item-knn", "ease", "ease-history")
MAIN = Metric("precision", 1)
Feed = tuple[TrainingSet, TrainingSet]


@dataclass(frozen=True, eq=False)
class FedCandidate(Candidate):
    """A recommender that knows one feed alone; its name is ``RECOMMENDER, fed FEED``."""

    recommender: str = ""
    feed: str = ""


@dataclass(frozen=True, eq=False)
class Feeds:
    """``as_given``, ``without_owned``: the same recommenders, each a ``FedCandidate``, fed states and fed changes."""

    as_given: Leaderboard
    without_owned: Leaderboard


def compare(
    states: Log, changes: Log, cut: int, acquired: str = "acquired", compared: Sequence[str] = COMPARED, seed: int = 1
) -> Feeds:
    """Compare. ``changes`` may hold other types beside ``acquired``: they are history, and not trained on.

    ``cut``: epoch seconds; what is acquired from then on is to be predicted. Raises InvalidRequest.
    """
    items = sorted({*states.rows.item_ids, *changes.rows.item_ids})
    of_type = changes.is_type(acquired)
    task = _task(states, changes.rows.take(of_type), items, cut)
    feeds: Mapping[str, Feed] = {
        STATES: (_before(states.rows, cut), _before(states.rows, cut)),
        CHANGES: (_before(changes.rows.take(of_type), cut), _before(changes.rows, cut)),
    }
    entries = [_entry(task, name, kind, feed, seed) for name, feed in feeds.items() for kind in compared]
    entries.append(_next_by_what_they_have(task, states.rows, feeds[CHANGES][0]))
    leaderboards = [score_candidates(task, kind, entries, MAIN, seed) for kind in (ALL_ITEMS, NEW_ITEMS)]
    if leaderboards[0] is None or leaderboards[1] is None:
        raise InvalidRequest(f"nothing new is acquired from {cut} on")
    return Feeds(leaderboards[0], leaderboards[1])


def best_of_each(leaderboard: Leaderboard, seed: int = 1) -> tuple[str, str, Comparison]:
    """Return the best fed changes, the best fed states, and the first minus the second, by the metric that decides.

    On the same customers who made them the best of several: what little they are apart may be that choice.
    """
    ranked = sorted(leaderboard.rows, key=lambda row: -row.intervals[leaderboard.main].mean)
    best = [next(row for row in ranked if fed(row).feed == feed) for feed in (CHANGES, STATES)]
    changes_values, states_values = (row.scores.values[leaderboard.main] for row in best)
    return best[0].candidate.name, best[1].candidate.name, uncertainty.compare(changes_values, states_values, seed)


def fed(result: Result) -> FedCandidate:
    """Return the candidate of a result, which is one of ``compare``. Raises TypeError for any other."""
    if not isinstance(result.candidate, FedCandidate):
        raise TypeError(f"{result.candidate.name} is not a candidate of compare")
    return result.candidate


def _task(states: Log, acquired: TrainingSet, items: Sequence[str], cut: int) -> Task:
    later = acquired.take(acquired.times >= cut).for_items(items)
    with_truth = np.bincount(later.users, minlength=len(later.user_ids)) > 0
    if not with_truth.any():
        raise InvalidRequest(f"nothing is acquired from {cut} on")
    truth = later.for_users(with_truth)
    known = _of_users(_before(states.rows, cut), truth.user_ids).for_items(items)
    # The newest month of the table, not of the customer: who has nothing has no rows.
    owned = known.take(known.times == states.rows.times[states.rows.times < cut].max(initial=0))
    return assemble(_before(acquired, cut).for_items(items), owned, truth, cut)


def _entry(task: Task, feed: str, name: str, input_rows: Feed, seed: int) -> Candidate:
    items, recommender = task.past.item_ids, BY_NAME[name]
    train, past = (rows.for_items(items) for rows in input_rows)
    past = _of_users(past, task.past.user_ids)
    models, owned = TrainedModels(train, seed=seed), task.owned()
    lists_by_task = {
        task_name: lists(recommender.score(models, past, Settings()), task_name, owned, PLACES)
        for task_name in (ALL_ITEMS, NEW_ITEMS)
        if not (recommender.repeats and task_name == NEW_ITEMS)
    }
    return FedCandidate(
        f"{name}, fed {feed}",
        recommender.description,
        lists_by_task,
        recommender.baseline,
        recommender.personal,
        recommender=name,
        feed=feed,
    )


def _next_by_what_they_have(task: Task, states: TrainingSet, acquired: TrainingSet) -> Candidate:
    """Return what only changes can teach: who acquires what, by what they have; learned before the cut."""
    both = sorted({*states.user_ids, *acquired.user_ids})
    bayes = naive_bayes.fit(_of_users(states, both), _of_users(acquired, both), task.past.item_ids)
    scores = bayes.score(task.owned(), task.users)
    lists_by_task = {
        task_name: lists(iter([scores.copy()]), task_name, task.owned(), PLACES) for task_name in (ALL_ITEMS, NEW_ITEMS)
    }
    description = "who acquires what, by what they have"
    return FedCandidate(
        f"{NAIVE_BAYES}, fed {CHANGES}", description, lists_by_task, recommender=NAIVE_BAYES, feed=CHANGES
    )


def _before(rows: TrainingSet, cut: int) -> TrainingSet:
    return rows.take(rows.times < cut)


def _of_users(rows: TrainingSet, user_ids: Sequence[str]) -> TrainingSet:
    """Return the rows of these users, coded as in this list, which is sorted as the rows' own is."""
    code = {user: number for number, user in enumerate(user_ids)}
    users = np.array([code.get(user, -1) for user in rows.user_ids])[rows.users]
    return replace(rows, user_ids=user_ids, users=users).take(users >= 0)
