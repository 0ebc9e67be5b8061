"""A result in the terminal: the question, the tables side by side, the verdicts, and what is odd."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import wide_table
from evaluation.data.results_table import PublishedResult
from evaluation.diagnostics.registry import Diagnostic
from evaluation.published import PublishedFigures
from evaluation.report import answer, method, money, text
from evaluation.run import Evaluation
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.scoring.published import Published


def show(result: Evaluation, console: Console, currency: str) -> None:
    """Print everything, the answers at the end, where they stay on the screen."""
    for sentence in _data(result):
        console.print(escape(sentence), soft_wrap=True)
    for task_name, leaderboard in result.leaderboards.items():
        console.print()
        headline = text.headline(leaderboard, result.cuts.get(task_name), answer.left_out(result))
        console.print(escape(headline), soft_wrap=True)
        for table in _tables(result, leaderboard):
            wide_table.show(console, _drawn(table))
        for sentence in _sentences(result, task_name, currency):
            console.print(escape(sentence), soft_wrap=True)
    for figures in result.published:
        console.print()
        print_published(console, figures)
    if result.results:
        console.print()
        print_results(console, result.results)
    for note in result.notes:
        console.print(f"[dim]note:[/] {escape(note)}", soft_wrap=True)
    print_diagnostics(console, result.diagnostics)
    for sentence in _answers(result, currency):
        console.print(escape(sentence), soft_wrap=True)
    for outcome in result.outcomes:
        console.print(f"gate {outcome.line}", markup=False, soft_wrap=True)


def show_figures(figures: PublishedFigures, console: Console) -> None:
    """Print what others have published, without an evaluation beside it."""
    for each in figures.metrics:
        print_published(console, each)
    if figures.results:
        print_results(console, figures.results)
        print_diagnostics(console, figures.diagnostics)
        if not figures.diagnostics:
            console.print("no diagnostic found a problem")


def print_diagnostics(console: Console, diagnostics: Sequence[Diagnostic]) -> None:
    """Print the faults to look into, loud, and then what the figures say, quietly; a line each."""
    faults = [diagnostic for diagnostic in diagnostics if diagnostic.fault]
    results = [diagnostic for diagnostic in diagnostics if not diagnostic.fault]
    if faults:
        console.print("[bold yellow]faults to look into[/]")
    for diagnostic in faults:
        console.print(
            f"[bold yellow]diagnostic[/] {escape(diagnostic.about)}: {escape(diagnostic.message)}", soft_wrap=True
        )
    if results:
        console.print("[dim]what the figures say[/]")
    for diagnostic in results:
        console.print(f"[dim]  {escape(diagnostic.about)}: {escape(diagnostic.message)}[/]", soft_wrap=True)


def print_published(console: Console, answer: Published) -> None:
    """Print what Personalize printed, with what it left out."""
    wide_table.show(console, _published(answer))


def print_results(console: Console, lines: Sequence[PublishedResult]) -> None:
    """Print a published table, and below each line that has users how far off it may be."""
    metrics = list(dict.fromkeys(metric for line in lines for metric in line.metrics))
    table = wide_table.table(
        "results, as printed", "recommender", "task", "users", *(text.heading(metric) for metric in metrics)
    )
    for line in lines:
        values = [f"{line.metrics[metric]:.4f}" if metric in line.metrics else "" for metric in metrics]
        table.add_row(escape(line.name), line.task or "", f"{line.users:,}" if line.users else "", *values)
        intervals = line.intervals()
        if intervals:
            # The lower half of an interval is cut off where the upper is not, and the other way round.
            half = {
                metric: max(high - line.metrics[metric], line.metrics[metric] - low)
                for metric, (low, high) in intervals.items()
            }
            width = [f"±{half[metric]:.4f}" if metric in half else "" for metric in metrics]
            table.add_row("  95 %, at its widest", "", "", *width)
    wide_table.show(console, table)


def _data(result: Evaluation) -> Iterator[str]:
    if result.how:
        yield method.data(result.how)
        yield from method.in_short(result.how, result.task.cut)
    yield text.question(result.task)


def _answers(result: Evaluation, currency: str) -> Iterator[str]:
    for each in answer.answers(result, currency):
        yield f"\n{each.question} {each.word}{f' {each.condition}' if each.condition else ''}."
        yield from filter(None, (each.customers, *each.money, each.verdict))
    yield f"\n{answer.CAUSALITY}"
    yield "What would change the answer:"
    yield from (f"  {caveat}" for caveat in answer.caveats(result))


def _tables(result: Evaluation, leaderboard: Leaderboard) -> Iterator[text.Table]:
    yield text.means(leaderboard)
    yield text.verdicts(leaderboard)
    if over := result.cuts.get(leaderboard.task):
        yield text.over_cuts(over)
    yield text.beyond_accuracy(leaderboard, result.categories.get(leaderboard.task, {}))
    yield text.slices(leaderboard, result.slices[leaderboard.task])
    yield text.settings(leaderboard)


def _sentences(result: Evaluation, task_name: str, currency: str) -> Iterator[str]:
    yield text.catalogue(result.task)
    if reach := text.reachable(result.task, task_name):
        yield reach
    for cost in result.costs[task_name]:
        yield from money.sentences(cost, currency)


def _drawn(report_table: text.Table) -> Table:
    """Return a table of the report for the terminal."""
    first, *others = report_table.columns[:-1] if report_table.words else report_table.columns
    table = wide_table.table(report_table.title, first, *others)
    if report_table.words:
        table.add_column(report_table.columns[-1])
    for row in report_table.rows:
        table.add_row(*map(escape, row))
    return table


def _published(answer: Published) -> Table:
    title = f"{answer.name}, as Personalize printed it ({answer.in_words()})"
    table = wide_table.table(title, "metric", "value", "95 %")
    for name, value in answer.metrics.items():
        _, low, high = answer.intervals.get(name, (value, None, None))
        table.add_row(escape(name), f"{value:.4f}", f"[{low:.3f}, {high:.3f}]" if low is not None else "")
    return table
