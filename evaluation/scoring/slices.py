"""The main metric for parts of the users, and for parts of what was to be predicted."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.scoring import uncertainty
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.metrics import score
from evaluation.scoring.uncertainty import Interval
from evaluation.task import Pairs, Task, is_in
from recommender_models.record_columns import RecordColumns

YOUNG = 30  # days
DAY = 86_400
LENGTHS = (("0", 0, 0), ("1", 1, 1), ("2-5", 2, 5), ("6-20", 6, 20), (">20", 21, None))
Part = tuple[str, npt.NDArray[np.bool_]]
MOST_VALUES = 8
QUARTERS = 4


@dataclass(frozen=True)
class Slice:
    """``by``: what parts it; ``part``: which one; ``users``: with something to predict in it; ``values``: by name."""

    by: str
    part: str
    users: int
    values: Mapping[str, Interval]


def slices(task: Task, leaderboard: Leaderboard, users: RecordColumns, attribute: str | None) -> list[Slice]:
    """Return all slices that have a user. ``attribute``: a column of the Users dataset, or None."""
    parts = [*_by_history(task, leaderboard), *_by_truth(task, leaderboard)]
    if attribute is not None:
        parts += _by_attribute(task, leaderboard, users, attribute)
    return [part for part in parts if part.users]


def history_lengths(task: Task) -> npt.NDArray[np.integer]:
    """Return how many interactions each test user had before."""
    return np.bincount(task.past.users, minlength=task.users)


def _by_history(task: Task, leaderboard: Leaderboard) -> Iterator[Slice]:
    lengths = history_lengths(task)[leaderboard.users]
    for name, least, most in LENGTHS:
        yield _of_users(
            leaderboard, "history", name, (lengths >= least) & ((lengths <= most) if most is not None else True)
        )


def _by_truth(task: Task, leaderboard: Leaderboard) -> Iterator[Slice]:
    truth = task.truth_for(leaderboard.task)
    old, head = _repeats(task, truth), _is_head(task, truth)
    young, aged = _ages(task, truth)
    parts = (
        ("truth", "new to the user", ~old),
        ("truth", "had before", old),
        ("item", "head", head),
        ("item", "tail", ~head),
        ("item's age", f"under {YOUNG} days", young),
        ("item's age", f"{YOUNG} days or more", aged),
    )
    for by, part, mask in parts:
        yield _of_truth(leaderboard, by, part, truth.take(mask))


def _by_attribute(task: Task, leaderboard: Leaderboard, users: RecordColumns, attribute: str) -> Iterator[Slice]:
    value_of = dict(zip(users.ids, users.columns[attribute], strict=True))
    values = [value_of.get(task.past.user_ids[user]) for user in leaderboard.users.tolist()]
    for part, mask in _parts(values):
        yield _of_users(leaderboard, attribute, part, mask)


def _parts(values: Sequence[Any]) -> Iterator[Part]:
    """Yield quarters of numbers, or the commonest values and all others, each with its mask; and who has none."""
    missing = np.array([value is None or str(value) == "nan" for value in values])
    known = [value for value, none in zip(values, missing, strict=True) if not none]
    if all(isinstance(value, int | float) for value in known) and len(set(known)) > MOST_VALUES:
        yield from _quarters(np.array([np.nan if value is None else float(value) for value in values]))
    else:
        yield from _commonest(np.array([_said(value) for value in values], dtype=object), missing)
    yield "none", missing


def _quarters(numbers: npt.NDArray[np.floating]) -> Iterator[Part]:
    """Yield quarters, each called by its own least and most; no user is in two."""
    edges = np.nanquantile(numbers, np.arange(QUARTERS + 1) / QUARTERS, method="inverted_cdf")
    edges = np.unique(np.r_[edges[:-1], np.inf])
    for low, high in itertools.pairwise(edges):
        mask = (numbers >= low) & ((numbers < high) | (high == np.inf))
        least, most = _said(numbers[mask].min()), _said(numbers[mask].max())
        yield least if least == most else f"{least} to {most}", mask


def _commonest(texts: npt.NDArray[np.object_], missing: npt.NDArray[np.bool_]) -> Iterator[Part]:
    names, counts = np.unique(texts[~missing].astype(str), return_counts=True)
    named = names[np.argsort(-counts, kind="stable")][:MOST_VALUES].tolist()
    for name in named:
        yield name, (texts == name) & ~missing
    yield "others", ~missing & ~np.isin(texts.astype(str), named)


def _said(value: Any) -> str:
    """Return a value as people write it: 42, not 42.0."""
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value.is_integer() else f"{value:.6g}"


def _of_users(leaderboard: Leaderboard, by: str, part: str, mask: npt.NDArray[np.bool_]) -> Slice:
    values = {
        row.candidate.name: uncertainty.mean(row.scores.values[leaderboard.main][mask]) for row in leaderboard.rows
    }
    return Slice(by, part, int(mask.sum()), values)


def _of_truth(leaderboard: Leaderboard, by: str, part: str, truth: Pairs) -> Slice:
    if not len(truth):
        return Slice(by, part, 0, {})
    scored = {
        row.candidate.name: score(row.candidate.lists[leaderboard.task], truth, (leaderboard.main.k,))
        for row in leaderboard.rows
    }
    values = {name: uncertainty.mean(scores.values[leaderboard.main]) for name, scores in scored.items()}
    return Slice(by, part, len(np.unique(truth.users)), values)


def _repeats(task: Task, truth: Pairs) -> npt.NDArray[np.bool_]:
    return is_in(truth, task.owned(), len(task.past.item_ids))


def _ages(task: Task, truth: Pairs) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which pairs are of an item that was first taken less than 30 days before the user's moment, or never; and
    which of an older one. A pair is in neither where the interactions do not reach back that far.
    """
    size = len(task.past.item_ids)
    first = np.minimum(task.train.first_times(size), task.past.first_times(size))
    moments = task.moments()
    latest = (np.full(len(truth), task.cut) if moments is None else moments[truth.users]) - YOUNG * DAY
    known = latest >= task.train.first
    aged = first[truth.items] <= latest
    return known & ~aged, known & aged


def _is_head(task: Task, truth: Pairs) -> npt.NDArray[np.bool_]:
    """Return which pairs are of the head: the most popular items that have half of all interactions together."""
    counts = task.train.item_counts(len(task.past.item_ids))
    order = np.argsort(-counts, kind="stable")
    head = order[: int(np.searchsorted(np.cumsum(counts[order]), counts.sum() / 2)) + 1]
    return np.isin(truth.items, head)
