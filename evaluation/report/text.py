"""The report's sentences and tables as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from evaluation.recommenders.candidates import UNCHANGED
from evaluation.report import json_report
from evaluation.scoring.cuts import CutsResult
from evaluation.scoring.leaderboard import Leaderboard, Result
from evaluation.scoring.metric import Metric
from evaluation.scoring.over_cuts import OverCuts
from evaluation.scoring.uncertainty import BETTER, Interval
from evaluation.task import Task

TITLES = {
    "all-items": "All items (repeats count)",
    "new-items": "New items (only what the user has not had)",
}
METRICS = ("hit_rate", "precision", "recall", "mrr", "map")
HEADINGS = {"hit_rate": "HR", "precision": "P", "recall": "R", "ndcg_personalize": "NDCG (hits)"}


def question(task: Task) -> str:
    """Return what was trained on, and what was asked of whom."""
    counts = json_report.question(task)
    cut = f" before {datetime.fromtimestamp(counts['cut'], UTC):%Y-%m-%d %H:%M:%S} UTC" if counts["cut"] else ""
    return (
        f"Trained on {counts['training_interactions']:,} interactions of {counts['training_users']:,} users with "
        f"{counts['items']:,} items{cut}. Asked about {counts['test_users']:,} users "
        f"({counts['cold_users']:,} without a "
        f"past): {counts['held_out']:,} held-out items, {counts['held_out_per_user_mean']:.1f} a user (median "
        f"{counts['held_out_per_user_median']:g}), {counts['repeat_share']:.0%} of them had before."
    )


def headline(leaderboard: Leaderboard, over: CutsResult | None = None) -> str:
    """Return what the given lists are worth against the best here, who is best, and what that is against counting.

    ``over``: several cuts, whose verdict then is the one that is given.
    """
    external = "".join(f"{_external_verdict(leaderboard, row)} " for row in leaderboard.rows if row.against_here)
    best = _foremost(leaderboard)
    interval = best.intervals[leaderboard.main]
    around = f"{interval.mean:.3f} ({_between(interval, '.3f')})"
    name = best.candidate.name
    stands = f"{name}, the best in validation, has" if leaderboard.by_validation else f"{name} has the highest"
    reached = f"{TITLES[leaderboard.task]}: {external}{stands} {leaderboard.main}, {around}."
    if best.against_best is None:
        return f"{reached} {_better_than_counting(leaderboard)}"
    if over and name in over.rows:
        return f"{reached} {_over_cuts_in_words(over, over.rows[name])}."
    against = f"Against {leaderboard.best_baseline}, a baseline that learns nothing: {best.against_best.in_words()}"
    return f"{reached} {against} {_lead(best.against_best.difference)}{_of_users_with_a_past(leaderboard, best)}."


def _over_cuts_in_words(result: CutsResult, over: OverCuts) -> str:
    lead, another = _lead(over.total.difference), _between(over.another, "+.3f")
    against = f"Against {result.best_baseline}, a baseline that learns nothing, over {len(result.at)} cuts"
    return f"{against}: {over.in_words()} {lead}; in another such period {another}"


def periods(task: Task, over: Mapping[str, CutsResult]) -> str:
    """Return how many periods the verdicts are about; empty where each user has a moment of their own."""
    if over:
        return f"Verdicts against baselines are about {max(len(each.at) for each in over.values())} periods."
    if task.cut is None:
        return ""
    return "One period: another may differ by more than the interval. --cuts 4 predicts four of them."


def _foremost(leaderboard: Leaderboard) -> Result:
    """Return whom the headline names: the best by validation; where there was none, by the test."""
    if leaderboard.by_validation and leaderboard.best_here:
        return leaderboard.row(leaderboard.best_here)
    return max(leaderboard.rows, key=lambda row: row.intervals[leaderboard.main].mean)


def _better_than_counting(leaderboard: Leaderboard) -> str:
    better = [row.candidate.name for row in leaderboard.rows if row.against_best and row.against_best.verdict == BETTER]
    if better:
        return f"Shown to be better than this baseline: {', '.join(better)}."
    return "Nothing here is shown to be better than the baselines."


def _of_users_with_a_past(leaderboard: Leaderboard, result: Result) -> str:
    if result.with_past is None:
        return ""
    share = leaderboard.with_past / len(leaderboard.users)
    return f"; for the {share:.0%} with a past: {result.with_past.in_words()} {_lead(result.with_past.difference)}"


def _lead(interval: Interval) -> str:
    return f"({interval.mean:+.3f}, {_between(interval, '+.3f')})"


def verdict(leaderboard: Leaderboard, result: Result) -> str:
    """Return the verdict against counting and, for lists from outside, against the best here."""
    sentence = result.against_best.in_words() if result.against_best else "best of the baselines"
    if result.against_here and leaderboard.best_here != leaderboard.best_baseline:
        sentence += f"; against {leaderboard.best_here}: {result.against_here.in_words()}"
    return sentence


def _external_verdict(leaderboard: Leaderboard, result: Result) -> str:
    """Return what lists from outside are worth, where the same machine could do without."""
    name, comparison = result.candidate.name, result.against_here
    if comparison is None:
        return ""
    by = f"{comparison.difference.mean:+.3f}, {_between(comparison.difference, '+.3f')}"
    best = f"{leaderboard.best_here}, the best that costs nothing beside this machine"
    sentence = {
        "better": f"{name} is better than everything trained here: {by} against {leaderboard.best_here}.",
        "worse": f"{name} is worse than {best} ({by}).",
        "too few": f"{name} cannot be told from {best} ({by}; {comparison.reason}).",
        "no difference that matters": f"Between {name} and {best} is no difference that matters ({by}).",
    }.get(comparison.verdict, f"{name} is not clearly different from {best} ({by}; {comparison.reason}).")
    return (
        sentence
        if result.candidate.description == UNCHANGED
        else f"{sentence} {name} was {result.candidate.description}."
    )


def with_half(interval: Interval) -> str:
    """Return a mean with half of its interval."""
    return f"{interval.mean:.4f} ±{interval.half:.4f}" if interval.n > 1 else f"{interval.mean:.4f}, one user"


def difference(interval: Interval, form: str = "+.3f") -> str:
    """Return a difference with its interval, in this form."""
    return f"{interval.mean:{form}} ({_between(interval, form)})"


def _between(interval: Interval, form: str) -> str:
    return f"{interval.low:{form}} to {interval.high:{form}}" if interval.n > 1 else "of one user"


@dataclass(frozen=True)
class Table:
    """Cells as they are shown; the first of each row is the recommender's name. ``words``: the last is a sentence."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False


def heading(metric: Metric) -> str:
    """Return how a metric is called above a column."""
    return f"{HEADINGS.get(metric.name, metric.name.upper())}@{metric.k}"


def task_tables(leaderboard: Leaderboard) -> list[Table]:
    """Return all of them, in order."""
    return [means(leaderboard), verdicts(leaderboard), beyond_accuracy(leaderboard)]


def means(leaderboard: Leaderboard) -> Table:
    """Return the means at the k of the metric that decides, and that one with its interval."""
    metrics = [metric for name in METRICS if (metric := Metric(name, leaderboard.main.k)) != leaderboard.main]
    columns = ["recommender", *map(heading, metrics), f"{heading(leaderboard.main)}, 95 %"]
    rows = [
        [
            row.candidate.name,
            *(f"{row.intervals[metric].mean:.3f}" for metric in metrics),
            with_half(row.intervals[leaderboard.main]),
        ]
        for row in leaderboard.rows
    ]
    return Table(f"{len(leaderboard.users):,} users", columns, rows)


def verdicts(leaderboard: Leaderboard) -> Table:
    """Return each against the best baseline; lists from outside against the best here, too."""
    how = "the best baseline in validation" if leaderboard.by_validation else "the best baseline"
    title = f"{leaderboard.main} against {leaderboard.best_baseline or 'nothing'}, {how}"
    past = any(row.with_past for row in leaderboard.rows)
    rows = []
    for row in leaderboard.rows:
        against = row.against_best
        shown = ["", ""]
        if against:
            shown = [difference(against.difference), f"{against.win:.0%}/{against.lose:.0%}"]
        shown += [_with_past(row)] * past
        rows.append([row.candidate.name, *shown, verdict(leaderboard, row)])
    columns = [
        "recommender",
        "difference, 95 %",
        "win/lose",
        *[f"{leaderboard.with_past:,} with a past"] * past,
        "verdict",
    ]
    return Table(title, columns, rows, words=True)


def _with_past(result: Result) -> str:
    of_these = result.with_past
    return f"{difference(of_these.difference)} {of_these.verdict}" if of_these else ""


def over_cuts(result: CutsResult) -> Table:
    """Return each against the best baseline over several cuts, with a column for each cut."""
    days = [f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" for at in result.at]
    rows = [
        [name, *(f"{each.mean:+.3f}" for each in over.by_cut), difference(over.total.difference), over.in_words()]
        for name, over in result.rows.items()
    ]
    title = f"{result.main} against {result.best_baseline}, over {len(days)} cuts"
    return Table(title, ["recommender", *days, "mean, 95 %", "verdict"], rows, words=True)


def beyond_accuracy(leaderboard: Leaderboard) -> Table:
    """Return how wide the lists reach."""
    columns = ["recommender", "catalogue covered", "novelty, bits", "top-20 items", "full lists"]
    rows = []
    for row in leaderboard.rows:
        measures = row.beyond_accuracy
        shares = f"{measures.share_of_top:.0%}", f"{measures.user_coverage:.0%}"
        rows.append([row.candidate.name, f"{measures.coverage_of_catalogue:.1%}", f"{measures.novelty:.1f}", *shares])
    return Table("beyond accuracy: coverage and novelty", columns, rows)
