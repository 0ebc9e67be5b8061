"""A result in the terminal: the question, the tables side by side, the verdicts, and what is odd."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluation.report import words
from evaluation.run import Result
from evaluation.scoring.board import Board, Row
from evaluation.scoring.published import Published
from evaluation.scoring.slices import Slice
from evaluation.task import ANYTHING


def show(result: Result, console: Console, currency: str) -> None:
    """Print everything."""
    console.print(escape(words.question(result.task)), soft_wrap=True)
    for kind, board in result.boards.items():
        console.print()
        console.print(escape(words.headline(board)), soft_wrap=True)
        console.print(_board(board))
        console.print(_verdicts(board))
        console.print(_slices(board, result))
        for cost in result.costs[kind]:
            console.print(escape(cost.in_words(currency)), soft_wrap=True)
    for answer in result.published:
        console.print()
        console.print(published(answer))
    for note in result.notes:
        console.print(f"[dim]note:[/] {escape(note)}", soft_wrap=True)
    for alarm in result.alarms:
        console.print(f"[bold yellow]alarm[/] {escape(alarm.about)}: {escape(alarm.says)}", soft_wrap=True)


def _board(board: Board) -> Table:
    """Return the means, with the interval of the one that decides."""
    name, _, k = board.main.partition("@")
    last = board.ks[-1]
    metrics = [f"hit_rate@{k}", f"precision@{k}", f"recall@{k}", f"mrr@{last}", f"map@{k}"]
    table = Table(title=f"{words.TITLES[board.task]}, {len(board.users):,} users", title_justify="left")
    table.add_column("recommender", no_wrap=True)
    for heading in (f"HR@{k}", f"P@{k}", f"R@{k}", f"MRR@{last}", f"MAP@{k}", f"{name.upper()}@{k}", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in board.rows:
        main = row.intervals[board.main]
        means = [f"{row.intervals[metric].mean:.3f}" for metric in metrics if metric != board.main]
        table.add_row(escape(row.entry.name), *means, f"{main.mean:.4f}", f"{main.low:.4f} to {main.high:.4f}")
    return table


def _verdicts(board: Board) -> Table:
    """Return each against the best baseline, and how wide its lists reach."""
    title = f"{board.main} against {board.best_baseline or 'nothing'}, the best that only counts; breadth"
    table = Table(title=title, title_justify="left")
    table.add_column("recommender", no_wrap=True)
    for heading in ("difference, 95 %", "win/lose", "cover", "novelty", "full"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    for row in board.rows:
        table.add_row(escape(row.entry.name), *_against(row), *_reach(row), _verdict(row))
    return table


def _against(row: Row) -> tuple[str, str]:
    if row.against_best is None:
        return "", ""
    one = row.against_best.difference
    share = f"{row.against_best.win:.0%}/{row.against_best.lose:.0%}"
    return f"{one.mean:+.4f} ({one.low:+.4f} to {one.high:+.4f})", share


def _reach(row: Row) -> tuple[str, str, str]:
    breadth = row.breadth
    return f"{breadth.coverage_of_catalogue:.0%}", f"{breadth.novelty:.1f}", f"{breadth.user_coverage:.0%}"


def _verdict(row: Row) -> str:
    return row.against_best.in_words() if row.against_best else "best baseline"


def _slices(board: Board, result: Result) -> Table:
    table = Table(title=f"{board.main} by slice", title_justify="left")
    table.add_column("by")
    table.add_column("part")
    table.add_column("users", justify="right")
    names = _shown(board)
    for name in names:
        table.add_column(escape(name), justify="right")
    for part in result.slices[board.task]:
        if not (board.task != ANYTHING and part.by == "truth"):  # all of it is new there
            table.add_row(escape(part.by), escape(part.part), f"{part.users:,}", *_values(part, names))
    return table


def _shown(board: Board) -> list[str]:
    """Return the best baseline, then what is not a baseline."""
    others = [row.entry.name for row in board.rows if not row.entry.baseline]
    return [*([board.best_baseline] if board.best_baseline else []), *others]


def _values(part: Slice, names: list[str]) -> list[str]:
    return [f"{part.values[name].mean:.3f}" if name in part.values else "" for name in names]


def published(answer: Published) -> Table:
    """Return what Personalize printed, with what it left out."""
    users = (
        f"{answer.users} test users, by its rounding" if answer.users else "its rounding doesn't tell how many users"
    )
    table = Table(title=f"{answer.name}, as Personalize printed it ({users})", title_justify="left")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("95 %", justify="right")
    for name, value in answer.metrics.items():
        _, low, high = answer.intervals.get(name, (value, None, None))
        table.add_row(escape(name), f"{value:.4f}", f"[{low:.3f}, {high:.3f}]" if low is not None else "")
    table.caption = "its own users and its own NDCG, which divides by the ideal of the hits found"
    return table
