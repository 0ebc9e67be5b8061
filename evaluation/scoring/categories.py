"""What lists are like by the categories of their items: how diverse each is, and how like the user's past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evaluation.scoring.leaderboard import Leaderboard
from evaluation.task import Task
from recommender_models.training_set import Codes

ALPHA = 0.01  # how much of the past is mixed into the list, so that a category that it lacks costs a finite amount
Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class CategoryMeasures:
    """``diversity``: 1 - the mean cosine of two items of a list by their categories: 0 if all have the same, 1 if no
    two share one (Ziegler et al., Improving Recommendation Lists Through Topic Diversification, WWW 2005).

    ``calibration``: the Kullback-Leibler divergence, in nats, of a list's categories from those of the user's past, on
    average over the users who have one; 0: the same mix (Steck, Calibrated Recommendations, RecSys 2018).
    NaN where no user has what it takes.
    """

    diversity: float
    calibration: float


def by_category(
    task: Task, leaderboard: Leaderboard, categories: Mapping[str, Sequence[str]]
) -> dict[str, CategoryMeasures]:
    """Measure the first k places of each recommender, k of the main metric. ``categories``: of items, by their id."""
    if not categories:
        return {}
    held = _held(task.past.item_ids, categories)
    past = _counts(task.past.users, task.past.items, (task.users, held.shape[0])) @ _shares(held)
    past, unit = past[leaderboard.users], _unit(held)
    measures = {}
    for row in leaderboard.rows:
        head = row.candidate.lists[leaderboard.task][leaderboard.users, : leaderboard.main.k]
        lists = _lists(head, held)
        measures[row.candidate.name] = CategoryMeasures(_diversity(lists, unit), _calibration(past, lists, held))
    return measures


def _held(item_ids: Sequence[str], categories: Mapping[str, Sequence[str]]) -> sparse.csr_array:
    """Return one line an item, one column a category, 1 where the item is of it."""
    number: dict[str, int] = {}
    pairs = [
        (code, number.setdefault(name, len(number)))
        for code, item in enumerate(item_ids)
        for name in categories.get(item, ())
    ]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(item_ids), max(len(number), 1)))


def _shares(held: sparse.csr_array) -> sparse.csr_array:
    """Return the same, so that each item's categories add up to 1."""
    return sparse.diags_array(1 / np.maximum(held.sum(axis=1), 1)) @ held


def _unit(held: sparse.csr_array) -> sparse.csr_array:
    """Return the same, each line of length 1."""
    return sparse.diags_array(1 / np.sqrt(np.maximum(held.sum(axis=1), 1))) @ held


def _lists(head: Codes, held: sparse.csr_array) -> sparse.csr_array:
    """Return one line a user, 1 for each item of the list that has a category."""
    users = np.repeat(np.arange(len(head)), head.shape[1])
    items = head.ravel()
    known = (items >= 0) & (items < held.shape[0])
    known[known] = held.sum(axis=1)[items[known]] > 0
    return _counts(users[known], items[known], (len(head), held.shape[0]))


def _counts(rows: Codes, columns: Codes, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def _diversity(lists: sparse.csr_array, unit: sparse.csr_array) -> float:
    """Return the mean over lists of two items or more. All pairs of a list at once: the square of the sum has them."""
    size = lists.sum(axis=1)
    total = lists @ unit
    squared = total.multiply(total).sum(axis=1)
    pairs = size >= 2
    if not pairs.any():
        return float("nan")
    similarity = (squared[pairs] - size[pairs]) / (size[pairs] * (size[pairs] - 1))
    return float(1 - similarity.mean())


def _calibration(past: sparse.csr_array, lists: sparse.csr_array, held: sparse.csr_array) -> float:
    shown = lists @ _shares(held)
    both = (past.sum(axis=1) > 0) & (shown.sum(axis=1) > 0)
    if not both.any():
        return float("nan")
    history, shown = _distribution(past[both]).tocoo(), _distribution(shown[both])
    mixed = (1 - ALPHA) * np.asarray(shown[history.row, history.col]).ravel() + ALPHA * history.data
    return float((history.data * np.log(history.data / mixed)).sum() / both.sum())


def _distribution(rows: sparse.csr_array) -> sparse.csr_array:
    return (sparse.diags_array(1 / rows.sum(axis=1)) @ rows).tocsr()
