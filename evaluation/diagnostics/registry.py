"""Which diagnostics find something in an evaluation: each with what it is about, and a name to look it up by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from evaluation.diagnostics import data, histories, lists, neighbours, order, published_tables
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.uncertainty import BETTER
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Task
from recommender_models.training_set import Codes

# What a fault does to many users, chance does to a few: of a few users, these say nothing.
BY_CHANCE = {
    *("wrong_histories", "truth_owned", "not_personal", "one_item_first", "baseline_wins"),
    *("too_good", "knows_the_answer", "new_items_like_all_items", "hits_only_ndcg"),
}
# Nothing needs to be wrong for these: they are what a comparison found, or how far it reaches.
RESULTS = {"order_carries_nothing", "baseline_wins", "one_item_first", "repeat_task", "too_few_users"}
TRAINED_HERE = {"not_personal"}  # what is trained here can't have been joined with the wrong users


@dataclass(frozen=True)
class Diagnostic:
    """``about``: a recommender, a task, or the data; ``message``: one sentence; ``trained_here``: it is trained
    here.
    """

    name: str
    about: str
    message: str
    trained_here: bool = False

    @property
    def fault(self) -> bool:
        """Return whether it is to be looked into; else it is a result, that the figures say."""
        return self.name not in (RESULTS | TRAINED_HERE if self.trained_here else RESULTS)


CheckResult = tuple[str, str, str | None]


def diagnose(task: Task, leaderboards: Mapping[str, Leaderboard]) -> list[Diagnostic]:
    """Return all diagnostics that find something."""
    results = _with_enough_users(task.users, _about_data(task, leaderboards))
    for leaderboard in leaderboards.values():
        results += [
            result
            for row in leaderboard.rows
            for result in _with_enough_users(len(leaderboard.users), _about_row(task, leaderboard, row))
        ]
    for leaderboard in list(leaderboards.values())[:1]:
        results += [result for row in leaderboard.rows for result in _about_external(task, leaderboard, row)]
    if len(leaderboards) == 2:
        results += _with_enough_users(
            min(len(leaderboard.users) for leaderboard in leaderboards.values()), _about_both(leaderboards)
        )
    trained_here = {
        about
        for leaderboard in leaderboards.values()
        for row in leaderboard.rows
        if not row.candidate.external
        for about in _abouts(row)
    }
    return [Diagnostic(name, about, message, about in trained_here) for name, about, message in results if message]


def _abouts(result: Result) -> list[str]:
    return [result.candidate.name, *(_about(result, task_name) for task_name in (ALL_ITEMS, NEW_ITEMS))]


def _about(result: Result, task_name: str) -> str:
    return f"{result.candidate.name}, {task_name}"


def _with_enough_users(users: int, results: Iterator[CheckResult]) -> list[CheckResult]:
    """Return what so many users are enough for."""
    return [result for result in results if users >= data.ENOUGH_USERS or result[0] not in BY_CHANCE]


def _about_data(task: Task, leaderboards: Mapping[str, Leaderboard]) -> Iterator[CheckResult]:
    yield "training_after_cut", "data", data.training_after_cut(task)
    yield "truth_before_cut", "data", data.truth_before_cut(task)
    yield "repeat_task", "data", data.repeat_task(task)
    owned, items = task.owned(), len(task.past.item_ids)
    shared = histories.shared(task.truth, owned, task.users, items)
    yield "wrong_histories", "data", histories.wrong_histories(shared)
    yield "truth_owned", "data", histories.truth_owned(shared, task.truth, owned, items)
    for task_name, leaderboard in leaderboards.items():
        yield "too_few_users", task_name, data.too_few_users(len(leaderboard.users))


def _about_row(task: Task, leaderboard: Leaderboard, row: Result) -> Iterator[CheckResult]:
    candidate, about = row.candidate, _about(row, leaderboard.task)
    top_lists, means = candidate.lists[leaderboard.task], row.scores.means()
    if leaderboard.task == NEW_ITEMS:
        yield "owned_items", about, _owned(task, top_lists)
        yield "too_good", about, published_tables.too_good(means, external=candidate.external is not None)
    if row.against_here and leaderboard.best_here:
        own_mean, best_mean = (
            result.intervals[leaderboard.main].mean for result in (row, leaderboard.row(leaderboard.best_here))
        )
        # A fault of this size is asked about with fewer users than a verdict takes.
        lead = BETTER if row.against_here.difference.low > 0 else row.against_here.verdict
        message = published_tables.knows_the_answer(own_mean, best_mean, leaderboard.best_here, lead)
        yield "knows_the_answer", about, message
    if candidate.shuffled and leaderboard.main in row.scores.values:
        values, shuffled = row.scores.values[leaderboard.main], candidate.shuffled[leaderboard.task]
        truth = task.truth_for(leaderboard.task)
        yield "order_carries_nothing", about, order.order_carries_nothing(values, shuffled, truth, leaderboard.main)
    if not candidate.baseline:
        if leaderboard.task == ALL_ITEMS:
            yield (
                "too_good",
                about,
                published_tables.too_good(means, _counting(task, leaderboard), external=candidate.external is not None),
            )
        # Nothing can be personal for who has no past.
        known = np.bincount(task.past.users, minlength=task.users) > 0
        yield "one_item_first", about, lists.one_item_first(top_lists[known])
        yield (
            "not_personal",
            about,
            neighbours.not_personal(top_lists, task.truth_for(leaderboard.task), leaderboard.main, known),
        )
        if row.against_best and leaderboard.best_baseline:
            verdict = published_tables.baseline_wins(leaderboard.best_baseline, row.against_best.verdict)
            yield "baseline_wins", about, verdict


def _owned(task: Task, top_lists: Codes) -> str | None:
    newest = lists.newest_interactions(task.past)
    return lists.owned_items_recommended(top_lists, task.owned(), len(task.past.item_ids), newest)


def _counting(task: Task, leaderboard: Leaderboard) -> float:
    """Return the precision@1 of the best baseline; where none takes part, the most that repeating can have."""
    counting = [
        row.scores.means().get(published_tables.FIRST_PLACE, 0.0) for row in leaderboard.rows if row.candidate.baseline
    ]
    return max(counting) if counting else len(np.unique(task.truth.users[task.repeats()])) / max(1, task.users)


def _about_external(task: Task, leaderboard: Leaderboard, result: Result) -> Iterator[CheckResult]:
    """Say what is to be said once of a file, whatever the task."""
    external, name, top_lists = (
        result.candidate.external,
        result.candidate.name,
        result.candidate.lists[leaderboard.task],
    )
    if external:
        yield "unknown_items", name, lists.unknown_items(external.unknown_items, int((top_lists >= 0).sum()))
        yield "unknown_users", name, lists.unknown_users(external.unknown_users)
        without = lists.users_without_list(external.users_without, task.users, external.refused, external.missing)
        yield "users_without_list", name, without
        yield "short_lists", name, lists.short_lists(top_lists, task.owned(), task.catalogue, leaderboard.ks[-1])
        yield "repeats", name, lists.repeats(external.repeated)


def _about_both(leaderboards: Mapping[str, Leaderboard]) -> Iterator[CheckResult]:
    for row in leaderboards[ALL_ITEMS].rows:
        others = [other for other in leaderboards[NEW_ITEMS].rows if other.candidate.name == row.candidate.name]
        if others:
            message = published_tables.new_items_like_all_items(row.scores.means(), others[0].scores.means())
            yield "new_items_like_all_items", row.candidate.name, message
