"""The tables of a task, with the same columns wherever they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.report import words
from evaluation.scoring.board import Board

METRICS = ("hit_rate", "precision", "recall", "mrr", "map")
HEADINGS = {"hit_rate": "HR", "precision": "P", "recall": "R", "ndcg_personalize": "NDCG (hits)"}


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
            words.with_half(row.intervals[board.main]),
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
            shown = [words.difference(against.difference), f"{against.win:.0%}/{against.lose:.0%}"]
        rows.append([row.entry.name, *shown, words.verdict(board, row)])
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
