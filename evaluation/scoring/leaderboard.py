"""All recommenders side by side on the same users of one task, and each against the best baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.recommenders.candidates import Candidate
from evaluation.scoring import opponents, uncertainty
from evaluation.scoring.beyond_accuracy import BeyondAccuracy, beyond_accuracy
from evaluation.scoring.metric import Metric
from evaluation.scoring.metrics import KS, PERSONALIZE_KS, Scores, personalize, score, usable_ks
from evaluation.scoring.opponents import Opponent
from evaluation.scoring.uncertainty import Comparison, Interval, Values
from evaluation.task import ALL_ITEMS, NEW_ITEMS, Task

FEW = 0.1  # of the users


@dataclass(frozen=True, eq=False)
class Result:
    """One recommender. ``against_best``: minus the best baseline by the main metric; None for that one itself.

    ``against_here``: of lists from outside, minus the best baseline or model trained here; None for all others.
    ``with_past``: as ``against_best``, of the users with a past; None where these are all, or none.
    """

    candidate: Candidate
    scores: Scores
    intervals: Mapping[Metric, Interval]
    beyond_accuracy: BeyondAccuracy
    personalize: Mapping[str, float]
    against_best: Comparison | None
    against_here: Comparison | None = None
    with_past: Comparison | None = None


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """``ks``: used; ``left_out``: those at or above ``candidate_count``, the items to choose from. ``main``: what
    decides.

    ``users``: places of the test users with a truth, in the order of every row's values; ``best_baseline``: a name;
    ``instead_of``: the metric that was asked to decide, where its k is not used; ``best_here``: the name of the best
    that was not given from outside; ``by_validation``: whether these two are the best by validation, or else by the
    test. ``with_past``: how many of the users have a past. ``matters``: the smallest difference of ``main`` that the
    reader cares about.
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
    by_validation: bool = False
    with_past: int = 0

    @property
    def by_main(self) -> list[Result]:
        """Return the rows by what decides, the best first."""
        return sorted(self.rows, key=lambda row: row.intervals[self.main].mean, reverse=True)

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
    users = next(iter(scored.values())).users
    had_past = (np.bincount(task.past.users, minlength=task.users) > 0)[users]
    values = {name: scores.values[main] for name, scores in scored.items()}
    compared = _compare(taking_part, task_name, values, had_past, seed, matters)
    rows = [_row(task, candidate, scored[candidate.name], compared, task_name, ks) for candidate in taking_part]
    best, here = (opponent.name if opponent else None for opponent in (compared.best, compared.here))
    left_out, instead_of = [k for k in KS if k not in ks], requested if requested != main else None
    by_validation = all(opponent is None or opponent.among == 1 for opponent in (compared.best, compared.here))
    return Leaderboard(
        task_name,
        rows,
        ks,
        left_out,
        main,
        users,
        best,
        to_choose,
        instead_of,
        here,
        matters,
        by_validation,
        int(had_past.sum()),
    )


@dataclass(frozen=True)
class _Compared:
    best: Opponent | None
    here: Opponent | None
    against_best: Mapping[str, Comparison]
    against_here: Mapping[str, Comparison]
    with_past: Mapping[str, Comparison]


def _compare(
    candidates: Sequence[Candidate],
    task_name: str,
    values: Mapping[str, Values],
    had_past: npt.NDArray[np.bool_],
    seed: int,
    matters: float | None,
) -> _Compared:
    """Compare all with the best baseline, and those from outside with the best here; each is a family."""
    means = {name: float(each.mean()) for name, each in values.items()}
    best = opponents.best_of([each for each in candidates if each.baseline], task_name, means)
    here = opponents.best_of([each for each in candidates if not each.external], task_name, means)
    names = [each.name for each in candidates if best and each.name != best.name]
    external = [each.name for each in candidates if each.external]
    against_best = opponents.against(names, best, values, seed, matters)
    against_here = against_best if here == best else opponents.against(external, here, values, seed, matters)
    some = 0 < had_past.sum() < len(had_past)
    with_past = opponents.against(names, best, values, seed, matters, had_past) if some else {}
    return _Compared(best, here, against_best, {name: against_here[name] for name in external if here}, with_past)


def _row(
    task: Task, candidate: Candidate, scores: Scores, compared: _Compared, task_name: str, ks: Sequence[int]
) -> Result:
    name, lists = candidate.name, candidate.lists[task_name]
    counts = task.train.item_counts(len(task.past.item_ids))
    broad = beyond_accuracy(lists, counts, task.catalogue, 10 if 10 in ks else ks[-1])
    full = beyond_accuracy(lists, counts, task.catalogue, ks[-1]).coverage_of_catalogue
    intervals = {metric: uncertainty.mean(values) for metric, values in scores.values.items()}
    return Result(
        candidate,
        scores,
        intervals,
        broad,
        personalize(scores, full),
        compared.against_best.get(name),
        compared.against_here.get(name),
        compared.with_past.get(name),
    )


def _deciding_metric(requested: Metric, ks: Sequence[int]) -> Metric:
    """Return the metric at the k asked for, or else at the next smaller one; the usual NDCG where it has none."""
    usable = [k for k in ks if requested.name != "ndcg_personalize" or k in PERSONALIZE_KS]
    name, usable = (requested.name, usable) if usable else ("ndcg", list(ks))
    return Metric(name, max((k for k in usable if k <= requested.k), default=usable[0]))
