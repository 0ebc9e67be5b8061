"""A result in the terminal: what a manager wants to know, the tables, and how the numbers came about."""

from collections.abc import Sequence

import rich.table
from rich.console import Console
from rich.markup import escape

from cli import wide_table
from cli.experiment.tables import tables
from evaluation.report.text import Table
from experiments import text
from experiments.analysis import Report
from experiments.gate import Outcome


def show(report: Report, outcomes: Sequence[Outcome], console: Console) -> None:
    """Print everything."""
    for fault in text.serious(report):
        console.print(f"[bold yellow]fault[/] {escape(fault)}", soft_wrap=True)
    for headline in text.headlines(report):
        console.print(escape(headline), soft_wrap=True)
    for each in tables(report):
        console.print()
        wide_table.show(console, _drawn(each))
    console.print()
    for note in text.notes(report):
        console.print(f"[dim]note:[/] {escape(note)}", soft_wrap=True)
    for outcome in outcomes:
        console.print(f"gate {outcome.line}", markup=False, soft_wrap=True)


def _drawn(report_table: Table) -> rich.table.Table:
    first, *others = report_table.columns
    drawn = wide_table.table(report_table.title, first, *others)
    for row in report_table.rows:
        drawn.add_row(*map(escape, row))
    return drawn
