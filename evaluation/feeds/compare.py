"""The same recommenders fed with states and with changes, asked the same: what will be acquired next?

Every recommender knows its feed alone. Its lists are scored as it gives them, and once more without what the customer
has at that time, as a filter would leave them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.data.log import Log
from evaluation.feeds import naive_bayes
from evaluation.recommenders.candidates import Entry
from evaluation.recommenders.registry import BY_NAME, Learnt, lists
from evaluation.scoring import uncertainty
from evaluation.scoring.board import Board, board
from evaluation.scoring.metrics import PLACES
from evaluation.scoring.uncertainty import Comparison
from evaluation.task import ANYTHING, NEW, Task, assemble
from personalize_data.errors import BadQuestion
from recommender_models.settings import Settings
from recommender_models.training_set import TrainingSet

STATES, CHANGES = "states", "changes"
COMPARED = ("popularity", "popularity-30d", "own-repeats", "co-visitation", "item-item", "ease", "ease-own")
MAIN = "precision@1"
Feed = tuple[TrainingSet, TrainingSet]


@dataclass(frozen=True, eq=False)
class Feeds:
    """``as_given``, ``without_owned``: the same recommenders, called ``KIND, fed states`` and ``KIND, fed changes``."""

    as_given: Board
    without_owned: Board


def compare(
    states: Log, changes: Log, cut: int, acquired: str = "acquired", compared: Sequence[str] = COMPARED, seed: int = 1
) -> Feeds:
    """Compare. ``changes`` may hold other types beside ``acquired``: they are history, and not trained on.

    ``cut``: epoch seconds; what is acquired from then on is to be foretold. Raises BadQuestion.
    """
    items = sorted({*states.rows.item_ids, *changes.rows.item_ids})
    of_type = changes.of_type(acquired)
    task = _task(states, changes.rows.take(of_type), items, cut)
    feeds: Mapping[str, Feed] = {
        STATES: (_before(states.rows, cut), _before(states.rows, cut)),
        CHANGES: (_before(changes.rows.take(of_type), cut), _before(changes.rows, cut)),
    }
    entries = [_entry(task, name, kind, feed, seed) for name, feed in feeds.items() for kind in compared]
    entries.append(_next_by_what_they_have(task, states.rows, feeds[CHANGES][0]))
    boards = [board(task, kind, entries, MAIN, seed) for kind in (ANYTHING, NEW)]
    if boards[0] is None or boards[1] is None:
        raise BadQuestion(f"nothing new is acquired from {cut} on")
    return Feeds(boards[0], boards[1])


def best_of_each(board: Board, seed: int = 1) -> tuple[str, str, Comparison]:
    """Return the best fed changes, the best fed states, and the first minus the second, by the metric that decides.

    On the same customers who made them the best of several: what little they are apart may be that choice.
    """
    ranked = sorted(board.rows, key=lambda row: -row.intervals[board.main].mean)
    best = [next(row for row in ranked if row.entry.name.endswith(f"fed {feed}")) for feed in (CHANGES, STATES)]
    ours, theirs = (row.scores.values[board.main] for row in best)
    return best[0].entry.name, best[1].entry.name, uncertainty.compare(ours, theirs, seed)


def _task(states: Log, acquired: TrainingSet, items: Sequence[str], cut: int) -> Task:
    later = acquired.take(acquired.times >= cut).of_items(items)
    asked = np.bincount(later.users, minlength=len(later.user_ids)) > 0
    if not asked.any():
        raise BadQuestion(f"nothing is acquired from {cut} on")
    truth = later.of_users(asked)
    known = _of_users(_before(states.rows, cut), truth.user_ids).of_items(items)
    # The newest month of the table, not of the customer: who has nothing has no rows.
    owned = known.take(known.times == states.rows.times[states.rows.times < cut].max(initial=0))
    return assemble(_before(acquired, cut).of_items(items), owned, truth, cut)


def _entry(task: Task, feed: str, name: str, given: Feed, seed: int) -> Entry:
    items, kind = task.past.item_ids, BY_NAME[name]
    train, past = (rows.of_items(items) for rows in given)
    past = _of_users(past, task.past.user_ids)
    learnt, owned = Learnt(train, seed=seed), task.owned()
    made = {
        one: lists(kind.score(learnt, past, Settings()), one, owned, PLACES)
        for one in (ANYTHING, NEW)
        if not (kind.repeats and one == NEW)
    }
    return Entry(f"{name}, fed {feed}", kind.what, made, kind.baseline, kind.personal)


def _next_by_what_they_have(task: Task, states: TrainingSet, acquired: TrainingSet) -> Entry:
    """Return what only changes can teach: who acquires what, by what he has; learnt before the cut."""
    both = sorted({*states.user_ids, *acquired.user_ids})
    learnt = naive_bayes.learn(_of_users(states, both), _of_users(acquired, both), task.past.item_ids)
    scores = learnt.score(task.owned(), task.users)
    made = {one: lists(iter([scores.copy()]), one, task.owned(), PLACES) for one in (ANYTHING, NEW)}
    return Entry(f"naive Bayes by holdings, fed {CHANGES}", "who acquires what, by what he has", made)


def _before(rows: TrainingSet, cut: int) -> TrainingSet:
    return rows.take(rows.times < cut)


def _of_users(rows: TrainingSet, user_ids: Sequence[str]) -> TrainingSet:
    """Return the rows of these users, coded as in this list, which is sorted as the rows' own is."""
    place = {user: number for number, user in enumerate(user_ids)}
    users = np.array([place.get(user, -1) for user in rows.user_ids])[rows.users]
    return replace(rows, user_ids=user_ids, users=users).take(users >= 0)
