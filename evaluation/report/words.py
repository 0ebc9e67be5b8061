"""A result in sentences, for the terminal and the page alike."""

from datetime import UTC, datetime

from evaluation.report import numbers
from evaluation.scoring.board import Board
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
    around = f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})"
    reached = f"{best.entry.name} has the highest {board.main}, {around}"
    if best.against_best is None:
        return f"{TITLES[board.task]}: {reached}. Nothing here is better than counting."
    one = best.against_best.difference
    against = f"Against {board.best_baseline}, which only counts: {best.against_best.in_words()}"
    return f"{TITLES[board.task]}: {reached}. {against} ({one.mean:+.3f}, {one.low:+.3f} to {one.high:+.3f})."
