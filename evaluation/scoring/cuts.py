"""All recommenders over several cuts: each against the best baseline, by the mean over cuts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.scoring import multiple, opponents, over_cuts
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.metric import Metric
from evaluation.scoring.over_cuts import OverCuts
from evaluation.scoring.uncertainty import Values
from evaluation.task import Task


@dataclass(frozen=True, eq=False)
class Cut:
    """One cut (epoch seconds), with the leaderboards by task, and the ids of the users of each."""

    at: int
    leaderboards: Mapping[str, Leaderboard]
    user_ids: Mapping[str, Sequence[str]]


@dataclass(frozen=True, eq=False)
class CutsResult:
    """``at``, ``users``: of each cut, the oldest first. ``best_baseline``: what ``rows`` are compared with, by name."""

    task: str
    main: Metric
    at: Sequence[int]
    users: Sequence[int]
    best_baseline: str
    rows: Mapping[str, OverCuts]


def cut(task: Task, leaderboards: Mapping[str, Leaderboard]) -> Cut:
    """Return what is kept of a cut."""
    ids = {name: [task.past.user_ids[user] for user in each.users.tolist()] for name, each in leaderboards.items()}
    return Cut(task.cut or 0, leaderboards, ids)


def over(cuts: Sequence[Cut], task_name: str) -> CutsResult | None:
    """Compare over the cuts at which the task was scored by the newest one's metric; None if these are fewer than two.

    Those who take part at all cuts are compared.
    """
    newest = cuts[-1].leaderboards.get(task_name) if cuts else None
    scored = [each for each in cuts if newest and _by(each, task_name, newest.main)]
    if newest is None or len(scored) < 2:
        return None
    names = _at_all(scored, task_name)
    candidates = [row.candidate for row in newest.rows if row.candidate.name in names and row.candidate.baseline]
    values = {name: _values(scored, task_name, name, newest.main) for name in names}
    means = {name: float(np.mean([each.mean() for each in of_cuts])) for name, of_cuts in values.items()}
    best = opponents.best_of(candidates, task_name, means)
    if best is None:
        return None
    codes = _codes(scored, task_name)
    rows = {
        name: over_cuts.compare(codes, _differences(values[name], values[best.name]), newest.matters)
        for name in names
        if name != best.name
    }
    totals = multiple.corrected([each.total for each in rows.values()], best.among)
    corrected = {name: over_cuts.with_total(rows[name], total) for name, total in zip(rows, totals, strict=True)}
    at, users = [each.at for each in scored], [len(each) for each in codes]
    return CutsResult(task_name, newest.main, at, users, best.name, corrected)


def compare(
    cuts: Sequence[Cut], task_name: str, metric: Metric, name: str, other: str | float, matters: float | None
) -> OverCuts | None:
    """Compare one with another, or with a number, over all cuts; None where one of them is not at all of them."""
    numbers = isinstance(other, float)
    wanted = {name} if numbers else {name, str(other)}
    if len(cuts) < 2 or not all(
        task_name in each.leaderboards and wanted <= _names(each, task_name, metric) for each in cuts
    ):
        return None
    values = _values(cuts, task_name, name, metric)
    others = [np.full(len(each), other) for each in values] if numbers else _values(cuts, task_name, str(other), metric)
    return over_cuts.compare(_codes(cuts, task_name), _differences(values, others), matters)


def _by(each: Cut, task_name: str, main: Metric) -> bool:
    leaderboard = each.leaderboards.get(task_name)
    return leaderboard is not None and leaderboard.main == main


def _names(each: Cut, task_name: str, metric: Metric) -> set[str]:
    return {row.candidate.name for row in each.leaderboards[task_name].rows if metric in row.scores.values}


def _at_all(cuts: Sequence[Cut], task_name: str) -> list[str]:
    """Return the names of those who take part at all cuts, in the newest one's order."""
    *earlier, newest = ([row.candidate.name for row in each.leaderboards[task_name].rows] for each in cuts)
    return [name for name in newest if all(name in names for names in earlier)]


def _values(cuts: Sequence[Cut], task_name: str, name: str, metric: Metric) -> list[Values]:
    return [each.leaderboards[task_name].row(name).scores.values[metric] for each in cuts]


def _differences(values: Sequence[Values], others: Sequence[Values]) -> list[Values]:
    return [one.astype(np.float64) - other for one, other in zip(values, others, strict=True)]


def _codes(cuts: Sequence[Cut], task_name: str) -> list[np.ndarray]:
    """Return a code for each user, at each cut."""
    code: dict[str, int] = {}
    return [np.array([code.setdefault(user, len(code)) for user in each.user_ids[task_name]]) for each in cuts]
