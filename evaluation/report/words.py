"""A result in sentences, for the terminal and the page alike."""

from datetime import UTC, datetime

from evaluation.report import numbers
from evaluation.scoring.board import Board
from evaluation.scoring.uncertainty import Interval
from evaluation.task import Task

TITLES = {"ownership": "Ownership: any item", "acquisition": "Acquisition: items new to the user"}


def question(task: Task) -> str:
    """Return what was learnt from, and what was asked of whom."""
    asked = numbers.question(task)
    cut = f" before {datetime.fromtimestamp(asked['cut'], UTC):%Y-%m-%d %H:%M:%S} UTC" if asked["cut"] else ""
    return (
        f"Trained on {asked['training_interactions']:,} interactions of {asked['training_users']:,} users with "
        f"{asked['items']:,} items{cut}. Asked about {asked['test_users']:,} users ({asked['cold_users']:,} without a "
        f"past): {asked['to_foretell']:,} items to foretell, {asked['to_foretell_per_user_mean']:.1f} a user (median "
        f"{asked['to_foretell_per_user_median']:g}), {asked['had_before_share']:.0%} of them had before."
    )


def headline(board: Board) -> str:
    """Return who is best, and what that is worth against counting."""
    best = max(board.rows, key=lambda row: row.intervals[board.main].mean)
    interval = best.intervals[board.main]
    around = f"{interval.mean:.3f} ({_between(interval, '.3f')})"
    reached = f"{best.entry.name} has the highest {board.main}, {around}"
    if best.against_best is None:
        return f"{TITLES[board.task]}: {reached}. Nothing here is shown to be better than counting."
    one = best.against_best.difference
    against = f"Against {board.best_baseline}, which only counts: {best.against_best.in_words()}"
    return f"{TITLES[board.task]}: {reached}. {against} ({one.mean:+.3f}, {_between(one, '+.3f')})."


def with_half(one: Interval) -> str:
    """Return a mean with half of its interval."""
    return f"{one.mean:.4f} ±{one.half:.4f}" if one.n > 1 else f"{one.mean:.4f}, one user"


def difference(one: Interval, form: str = "+.3f") -> str:
    """Return a difference with its interval, in this form."""
    return f"{one.mean:{form}} ({_between(one, form)})"


def _between(one: Interval, form: str) -> str:
    return f"{one.low:{form}} to {one.high:{form}}" if one.n > 1 else "of one user"
