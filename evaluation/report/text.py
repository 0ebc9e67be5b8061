"""The report's sentences and tables as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from evaluation.recommenders.candidates import AS_GIVEN
from evaluation.report import json_report
from evaluation.scoring.board import Board, Row
from evaluation.scoring.uncertainty import Comparison, Interval
from evaluation.task import Task

TITLES = {
    "ownership": "Ownership (anything, repeats count)",
    "acquisition": "Acquisition (only what is new to the user)",
}
METRICS = ("hit_rate", "precision", "recall", "mrr", "map")
HEADINGS = {"hit_rate": "HR", "precision": "P", "recall": "R", "ndcg_personalize": "NDCG (hits)"}


def question(task: Task) -> str:
    """Return what was learnt from, and what was asked of whom."""
    asked = json_report.question(task)
    cut = f" before {datetime.fromtimestamp(asked['cut'], UTC):%Y-%m-%d %H:%M:%S} UTC" if asked["cut"] else ""
    return (
        f"Trained on {asked['training_interactions']:,} interactions of {asked['training_users']:,} users with "
        f"{asked['items']:,} items{cut}. Asked about {asked['test_users']:,} users ({asked['cold_users']:,} without a "
        f"past): {asked['to_foretell']:,} items to foretell, {asked['to_foretell_per_user_mean']:.1f} a user (median "
        f"{asked['to_foretell_per_user_median']:g}), {asked['had_before_share']:.0%} of them had before."
    )


def headline(board: Board) -> str:
    """Return what the given lists are worth against the best here, who is best, and what that is against counting."""
    given = "".join(f"{_of_given(board, row)} " for row in board.rows if row.against_here)
    best = max(board.rows, key=lambda row: row.intervals[board.main].mean)
    interval = best.intervals[board.main]
    around = f"{interval.mean:.3f} ({_between(interval, '.3f')})"
    reached = f"{given}{best.entry.name} has the highest {board.main}, {around}"
    if best.against_best is None:
        return f"{TITLES[board.task]}: {reached}. Nothing here is shown to be better than counting."
    one = best.against_best.difference
    against = f"Against {board.best_baseline}, which only counts: {best.against_best.in_words()}"
    return f"{TITLES[board.task]}: {reached}. {against} ({one.mean:+.3f}, {_between(one, '+.3f')})."


def verdict(board: Board, row: Row) -> str:
    """Return the verdict against counting and, for lists from outside, against the best here."""
    told = row.against_best.in_words() if row.against_best else "best of those that only count"
    if row.against_here and board.best_here != board.best_baseline:
        told += f"; against {board.best_here}: {row.against_here.in_words()}"
    return told


def _of_given(board: Board, row: Row) -> str:
    """Return what lists from outside are worth, where the same machine could do without."""
    name, one = row.entry.name, row.against_here
    if one is None:
        return ""
    by = f"{one.difference.mean:+.3f}, {_between(one.difference, '+.3f')}"
    best = f"{board.best_here}, the best that costs nothing beside this machine"
    told = {
        "better": f"{name} is better than everything learnt here: {by} against {board.best_here}.",
        "worse": f"{name} is worse than {best} ({by}).",
    }.get(one.verdict, f"{name} cannot be told from {best} ({by}{_missing(one)}).")
    return told if row.entry.what == AS_GIVEN else f"{told} {name} was {row.entry.what}."


def _missing(one: Comparison) -> str:
    """Return what it would take to tell, if that is known."""
    needed = one.in_words().partition(": ")[2]
    return f"; {needed}" if needed else ""


def with_half(one: Interval) -> str:
    """Return a mean with half of its interval."""
    return f"{one.mean:.4f} ±{one.half:.4f}" if one.n > 1 else f"{one.mean:.4f}, one user"


def difference(one: Interval, form: str = "+.3f") -> str:
    """Return a difference with its interval, in this form."""
    return f"{one.mean:{form}} ({_between(one, form)})"


def _between(one: Interval, form: str) -> str:
    return f"{one.low:{form}} to {one.high:{form}}" if one.n > 1 else "of one user"


@dataclass(frozen=True)
class Table:
    """Cells as they are shown; the first of each row is the recommender's name. ``words``: the last is a sentence."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False


def heading(metric: str) -> str:
    """Return how a metric@k is called above a column."""
    name, _, k = metric.partition("@")
    return f"{HEADINGS.get(name, name.upper())}@{k}"


def of_task(board: Board) -> list[Table]:
    """Return all of them, in order."""
    return [means(board), verdicts(board), breadth(board)]


def means(board: Board) -> Table:
    """Return the means at the k of the metric that decides, and that one with its interval."""
    k = board.main.partition("@")[2]
    metrics = [f"{name}@{k}" for name in METRICS if f"{name}@{k}" != board.main]
    columns = ["recommender", *map(heading, metrics), f"{heading(board.main)}, 95 %"]
    rows = [
        [
            row.entry.name,
            *(f"{row.intervals[name].mean:.3f}" for name in metrics),
            with_half(row.intervals[board.main]),
        ]
        for row in board.rows
    ]
    return Table(f"{len(board.users):,} users", columns, rows)


def verdicts(board: Board) -> Table:
    """Return each against the best that only counts; lists from outside against the best here, too."""
    title = f"{board.main} against {board.best_baseline or 'nothing'}, the best that only counts"
    rows = []
    for row in board.rows:
        against = row.against_best
        shown = ["", ""]
        if against:
            shown = [difference(against.difference), f"{against.win:.0%}/{against.lose:.0%}"]
        rows.append([row.entry.name, *shown, verdict(board, row)])
    return Table(title, ["recommender", "difference, 95 %", "win/lose", "verdict"], rows, words=True)


def breadth(board: Board) -> Table:
    """Return how wide the lists reach."""
    columns = ["recommender", "catalogue covered", "novelty, bits", "top-20 items", "full lists"]
    rows = []
    for row in board.rows:
        one = row.breadth
        shares = f"{one.share_of_top:.0%}", f"{one.user_coverage:.0%}"
        rows.append([row.entry.name, f"{one.coverage_of_catalogue:.1%}", f"{one.novelty:.1f}", *shares])
    return Table("breadth of the first places", columns, rows)
