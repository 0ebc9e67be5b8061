"""All recommenders side by side on the same users of one task, and each against the best that only counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.recommenders.entries import Entry
from evaluation.scoring import uncertainty
from evaluation.scoring.breadth import Breadth, breadth
from evaluation.scoring.metrics import KS, Scores, personalize, score, usable_ks
from evaluation.scoring.uncertainty import Comparison, Interval
from evaluation.task import Task


@dataclass(frozen=True, eq=False)
class Row:
    """One recommender. ``against_best``: minus the best baseline by the main metric; None for that one itself."""

    entry: Entry
    scores: Scores
    intervals: Mapping[str, Interval]
    breadth: Breadth
    personalize: Mapping[str, float]
    against_best: Comparison | None


@dataclass(frozen=True, eq=False)
class Board:
    """``ks``: used; ``left_out``: those at or above the number of items to choose from. ``main``: metric that decides.

    ``users``: places of the test users with a truth, in the order of every row's values; ``best_baseline``: a name.
    """

    task: str
    rows: Sequence[Row]
    ks: Sequence[int]
    left_out: Sequence[int]
    main: str
    users: np.ndarray
    best_baseline: str | None

    def row(self, name: str) -> Row:
        """Return the row of a recommender. Raises KeyError."""
        for row in self.rows:
            if row.entry.name == name:
                return row
        raise KeyError(name)


def board(task: Task, kind: str, entries: Sequence[Entry], main: str, seed: int) -> Board | None:
    """Score all entries that answer this task; None if nothing was to be foretold, or nothing to choose from.

    ``main``: metric@k, whose k falls back to the largest in use.
    """
    truth, taking_part = task.truth_of(kind), [entry for entry in entries if kind in entry.lists]
    catalogue = task.catalogue
    ks = usable_ks(catalogue)
    if not len(truth) or not ks or not taking_part:
        return None
    name, _, k = main.partition("@")
    main = main if int(k) in ks else f"{name}@{ks[-1]}"
    counts = np.bincount(task.train.items, minlength=len(task.past.item_ids))
    scored = {entry.name: score(entry.lists[kind], truth, ks) for entry in taking_part}
    best = _best([entry for entry in taking_part if entry.baseline], scored, main)
    width = 10 if 10 in ks else ks[-1]
    rows = []
    for entry in taking_part:
        scores = scored[entry.name]
        broad = breadth(entry.lists[kind], counts, catalogue, width)
        against = _against(scores, scored.get(best or ""), main, seed) if entry.name != best else None
        intervals = {metric: uncertainty.mean(values) for metric, values in scores.values.items()}
        full = breadth(entry.lists[kind], counts, catalogue, ks[-1]).coverage_of_catalogue
        rows.append(Row(entry, scores, intervals, broad, personalize(scores, full), against))
    users = next(iter(scored.values())).users
    return Board(kind, rows, ks, [k for k in KS if k not in ks], main, users, best)


def _best(baselines: Sequence[Entry], scored: Mapping[str, Scores], main: str) -> str | None:
    names = [entry.name for entry in baselines]
    return max(names, key=lambda name: float(scored[name].values[main].mean()), default=None)


def _against(ours: Scores, theirs: Scores | None, main: str, seed: int) -> Comparison | None:
    return uncertainty.compare(ours.values[main], theirs.values[main], seed) if theirs else None
