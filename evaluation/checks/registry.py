"""Which alarms go off for an evaluation: each with what it is about, and a name to look it up by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from evaluation.checks import data, histories, lists, neighbours, published_tables
from evaluation.scoring.board import Board, Row
from evaluation.task import ANYTHING, NEW, Task
from recommender_models.training_set import Codes

# What a fault does to many users, chance does to a few: of a few users, these say nothing.
BY_CHANCE = {
    *("wrong_histories", "truth_owned", "not_personal", "one_item_first", "baseline_wins"),
    *("too_good", "knows_the_answer", "acquisition_like_ownership", "hits_only_ndcg"),
}
# Nothing needs to be wrong for these: they are what a comparison found, or how far it reaches.
RESULTS = {"baseline_wins", "one_item_first", "repeat_task", "too_few_users"}
JOINED_HERE = {"not_personal"}  # what is learnt here can't have been joined with the wrong users


@dataclass(frozen=True)
class Alarm:
    """``about``: a recommender, a task, or the data; ``says``: one sentence; ``learnt``: it is learnt here."""

    name: str
    about: str
    says: str
    learnt: bool = False

    @property
    def fault(self) -> bool:
        """Return whether it is to be looked into; else it is a result, that the figures say."""
        return self.name not in (RESULTS | JOINED_HERE if self.learnt else RESULTS)


Said = tuple[str, str, str | None]


def sounded(task: Task, boards: Mapping[str, Board]) -> list[Alarm]:
    """Return all alarms that go off."""
    said = _told(task.users, _about_data(task, boards))
    for board in boards.values():
        said += [one for row in board.rows for one in _told(len(board.users), _about_row(task, board, row))]
    for board in list(boards.values())[:1]:
        said += [one for row in board.rows for one in _about_given(task, board, row)]
    if len(boards) == 2:
        said += _told(min(len(board.users) for board in boards.values()), _about_both(boards))
    learnt = {about for board in boards.values() for row in board.rows if not row.entry.given for about in _abouts(row)}
    return [Alarm(name, about, says, about in learnt) for name, about, says in said if says]


def _abouts(row: Row) -> list[str]:
    return [row.entry.name, *(_about(row, kind) for kind in (ANYTHING, NEW))]


def _about(row: Row, kind: str) -> str:
    return f"{row.entry.name}, {kind}"


def _told(users: int, said: Iterator[Said]) -> list[Said]:
    """Return what so many users are enough for."""
    return [one for one in said if users >= data.ENOUGH_USERS or one[0] not in BY_CHANCE]


def _about_data(task: Task, boards: Mapping[str, Board]) -> Iterator[Said]:
    yield "training_after_cut", "data", data.training_after_cut(task)
    yield "truth_before_cut", "data", data.truth_before_cut(task)
    yield "repeat_task", "data", data.repeat_task(task)
    owned, items = task.owned(), len(task.past.item_ids)
    shared = histories.shared(task.truth, owned, task.users, items)
    yield "wrong_histories", "data", histories.wrong_histories(shared)
    yield "truth_owned", "data", histories.truth_owned(shared, task.truth, owned, items)
    for kind, board in boards.items():
        yield "too_few_users", kind, data.too_few_users(len(board.users))


def _about_row(task: Task, board: Board, row: Row) -> Iterator[Said]:
    entry, about = row.entry, _about(row, board.task)
    made, means = entry.lists[board.task], row.scores.means()
    if board.task == NEW:
        yield "owned_items", about, _owned(task, made)
        yield "too_good", about, published_tables.too_good(means, given=entry.given is not None)
    if row.against_here and board.best_here:
        ours, here = (one.intervals[board.main].mean for one in (row, board.row(board.best_here)))
        says = published_tables.knows_the_answer(ours, here, board.best_here, row.against_here.verdict)
        yield "knows_the_answer", about, says
    if not entry.baseline:
        if board.task == ANYTHING:
            yield (
                "too_good",
                about,
                published_tables.too_good(means, _counting(task, board), given=entry.given is not None),
            )
        # Nothing can be personal for who has no past.
        known = np.bincount(task.past.users, minlength=task.users) > 0
        yield "one_item_first", about, lists.one_item_first(made[known])
        yield "not_personal", about, neighbours.not_personal(made, task.truth_of(board.task), board.main, known)
        if row.against_best and board.best_baseline:
            verdict = published_tables.baseline_wins(board.best_baseline, row.against_best.verdict)
            yield "baseline_wins", about, verdict


def _owned(task: Task, made: Codes) -> str | None:
    newest = lists.newest_interactions(task.past)
    return lists.owned_items_recommended(made, task.owned(), len(task.past.item_ids), newest)


def _counting(task: Task, board: Board) -> float:
    """Return the precision@1 of the best that only counts; where none takes part, the most that repeating can have."""
    counting = [row.scores.means().get("precision@1", 0.0) for row in board.rows if row.entry.baseline]
    return max(counting) if counting else len(np.unique(task.truth.users[task.repeats()])) / max(1, task.users)


def _about_given(task: Task, board: Board, row: Row) -> Iterator[Said]:
    """Say what is to be said once of a file, whatever the task."""
    given, name, made = row.entry.given, row.entry.name, row.entry.lists[board.task]
    if given:
        yield "unknown_items", name, lists.unknown_items(given.unknown_items, int((made >= 0).sum()))
        yield "unknown_users", name, lists.unknown_users(given.unknown_users)
        without = lists.users_without_list(given.users_without, task.users, given.refused, given.missing)
        yield "users_without_list", name, without
        yield "short_lists", name, lists.short_lists(made, task.owned(), task.catalogue, board.ks[-1])
        yield "repeats", name, lists.repeats(given.repeated)


def _about_both(boards: Mapping[str, Board]) -> Iterator[Said]:
    for row in boards[ANYTHING].rows:
        others = [other for other in boards[NEW].rows if other.entry.name == row.entry.name]
        if others:
            says = published_tables.acquisition_like_ownership(row.scores.means(), others[0].scores.means())
            yield "acquisition_like_ownership", row.entry.name, says
