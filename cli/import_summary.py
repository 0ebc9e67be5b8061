"""The summary of an import for people: rows, times, what was left out and where."""

import time
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from personalize_data.import_summary import ImportSummary


def left_out(summary: ImportSummary) -> Iterator[str]:
    """Yield a line for each reason for which rows are missing, with the first place where that is known."""
    first = {example.reason: example for example in reversed(summary.examples)}
    for reason, number in sorted({**summary.skipped, **summary.bad}.items()):
        place = f", the first at {first[reason].file}, line {first[reason].line}" if reason in first else ""
        yield f"left out: {number:,} {reason}{place}"


def report(summary: ImportSummary) -> None:
    """Print the summary for people."""
    console = Console(highlight=False)
    table = Table(title=f"{summary.dataset}: {summary.state}", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("how many", justify="right")
    table.add_row("rows", f"{summary.rows:,}")
    if summary.dataset == "interactions":
        table.add_row("users, with two or more", f"{summary.users:,}, {summary.users_with_two:,}")
        table.add_row("from, to", " – ".join(_day(end) for end in (summary.first, summary.last)))  # noqa: RUF001
    for kind, reasons in (("skipped", summary.skipped), ("bad", summary.bad)):
        for reason, number in sorted(reasons.items()):
            table.add_row(f"{kind}: {reason}", f"{number:,}")
    if summary.job:
        table.add_row("import job", summary.job)
    console.print(table)
    for example in summary.examples:
        console.print(f"  {example.file}, line {example.line}: {example.reason}", markup=False, soft_wrap=True)
    for note in summary.notes:
        console.print(f"  {note}", markup=False, soft_wrap=True)
    if summary.dataset != "interactions":
        console.print(f"  schema: {summary.schema}", markup=False, soft_wrap=True)


def _day(seconds: int | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d", time.gmtime(seconds))
