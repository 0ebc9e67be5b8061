"""All recommenders side by side on the same users of one task, and each against the best baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation.recommenders.candidates import Candidate
from evaluation.scoring import uncertainty
from evaluation.scoring.beyond_accuracy import BeyondAccuracy, beyond_accuracy
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import KS, PERSONALIZE_KS, Scores, personalize, score, usable_ks
from evaluation.scoring.uncertainty import Comparison, Interval
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Task

FEW = 0.1  # of the users


@dataclass(frozen=True, eq=False)
class Result:
    """One recommender. ``against_best``: minus the best baseline by the main metric; None for that one itself.

    ``against_here``: of lists from outside, minus the best baseline or model trained here; None for all others.
    """

    candidate: Candidate
    scores: Scores
    intervals: Mapping[Metric, Interval]
    beyond_accuracy: BeyondAccuracy
    personalize: Mapping[str, float]
    against_best: Comparison | None
    against_here: Comparison | None = None


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """``ks``: used; ``left_out``: those at or above ``candidate_count``, the items to choose from. ``main``: what
    decides.

    ``users``: places of the test users with a truth, in the order of every row's values; ``best_baseline``: a name;
    ``instead_of``: the metric that was asked to decide, where its k is not used; ``best_here``: the name of the best
    that was not given from outside. ``matters``: the smallest difference of ``main`` that the reader cares about.
    """

    task: str
    rows: Sequence[Result]
    ks: Sequence[int]
    left_out: Sequence[int]
    main: Metric
    users: np.ndarray
    best_baseline: str | None
    candidate_count: int = 0
    instead_of: Metric | None = None
    best_here: str | None = None
    matters: float | None = None

    def row(self, name: str) -> Result:
        """Return the row of a recommender. Raises KeyError."""
        for row in self.rows:
            if row.candidate.name == name:
                return row
        raise KeyError(name)


def candidate_count(task: Task, task_name: str) -> int:
    """Return how many items users can choose from: the catalogue; for new-items less what they have.

    Users differ in what they have. At most a tenth of them have fewer items to choose from than this number, so that a
    few users who have nearly everything do not remove a metric for all. Where lists of k are equal for more users than
    that, the metric's differences are diluted, and its value says nothing.
    """
    if task_name == ALL_ITEMS:
        return task.catalogue
    owned = task.owned()
    known = owned.take(owned.items < task.trained_items)
    had = np.bincount(known.users, minlength=task.users)[np.unique(task.truth_for(task_name).users)]
    return task.catalogue - int(np.quantile(had, 1 - FEW, method="inverted_cdf")) if len(had) else 0


def why_none(task: Task, task_name: str, candidates: Sequence[Candidate]) -> str | None:
    """Return why there can be no leaderboard, if so."""
    if not len(task.truth_for(task_name)):
        return "nothing was to be predicted"
    if not usable_ks(candidate_count(task, task_name)):
        new = " new to the user" if task_name == NEW_ITEMS else ""
        return f"nothing to choose from: there is one item, or none{new}"
    return None if any(task_name in candidate.lists for candidate in candidates) else "nobody takes part"


def score_candidates(
    task: Task,
    task_name: str,
    candidates: Sequence[Candidate],
    main: Metric,
    seed: int,
    matters: float | None = None,
) -> Leaderboard | None:
    """Score all candidates that answer this task; None if there is a reason why not: see ``why_none``.

    ``main``: its k falls back to the next smaller in use. ``matters``: see ``Leaderboard``.
    """
    if why_none(task, task_name, candidates):
        return None
    truth = task.truth_for(task_name)
    taking_part = [candidate for candidate in candidates if task_name in candidate.lists]
    to_choose = candidate_count(task, task_name)
    ks = usable_ks(to_choose)
    requested, main = main, _deciding_metric(main, ks)
    scored = {candidate.name: score(candidate.lists[task_name], truth, ks) for candidate in taking_part}
    best = _best([candidate for candidate in taking_part if candidate.baseline], scored, main)
    best_here = _best([candidate for candidate in taking_part if not candidate.external], scored, main)
    names = [candidate.name for candidate in taking_part if candidate.name != best]
    against = _against(names, best, scored, main, seed, matters)
    names = [candidate.name for candidate in taking_part if candidate.external]
    against_here = against if best_here == best else _against(names, best_here, scored, main, seed, matters)
    rows = []
    for candidate in taking_part:
        name = candidate.name
        row = _row(task, candidate, scored[name], against.get(name), task_name, ks)
        rows.append(replace(row, against_here=against_here.get(name) if candidate.external else None))
    users = next(iter(scored.values())).users
    left_out, instead_of = [k for k in KS if k not in ks], requested if requested != main else None
    return Leaderboard(task_name, rows, ks, left_out, main, users, best, to_choose, instead_of, best_here, matters)


def _row(
    task: Task, candidate: Candidate, scores: Scores, against: Comparison | None, task_name: str, ks: Sequence[int]
) -> Result:
    lists = candidate.lists[task_name]
    counts = np.bincount(task.train.items, minlength=len(task.past.item_ids))
    broad = beyond_accuracy(lists, counts, task.catalogue, 10 if 10 in ks else ks[-1])
    full = beyond_accuracy(lists, counts, task.catalogue, ks[-1]).coverage_of_catalogue
    intervals = {metric: uncertainty.mean(values) for metric, values in scores.values.items()}
    return Result(candidate, scores, intervals, broad, personalize(scores, full), against)


def _deciding_metric(requested: Metric, ks: Sequence[int]) -> Metric:
    """Return the metric at the k asked for, or else at the next smaller one; the usual NDCG where it has none."""
    usable = [k for k in ks if requested.name != "ndcg_personalize" or k in PERSONALIZE_KS]
    name, usable = (requested.name, usable) if usable else ("ndcg", list(ks))
    return Metric(name, max((k for k in usable if k <= requested.k), default=usable[0]))


def _best(candidates: Sequence[Candidate], scored: Mapping[str, Scores], main: Metric) -> str | None:
    names = [candidate.name for candidate in candidates]
    return max(names, key=lambda name: float(scored[name].values[main].mean()), default=None)


def _against(
    names: Sequence[str],
    other: str | None,
    scored: Mapping[str, Scores],
    main: Metric,
    seed: int,
    matters: float | None,
) -> dict[str, Comparison]:
    """Compare some with one other; empty where there is no other."""
    if other is None:
        return {}
    pairs = [(scored[name].values[main], scored[other].values[main]) for name in names]
    return dict(zip(names, uncertainty.compare_each(pairs, seed, matters), strict=True))
