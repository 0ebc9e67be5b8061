"""What a conversion of history came to, for people: rows, times, what was left out and where."""

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from rich.console import Console
from rich.table import Table


def left_out(account: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each reason for which rows are missing, with the first place where that is known."""
    for reason, number in sorted({**account["skipped"], **account["bad"]}.items()):
        places = (
            f"{example['file']}, line {example['line']}"
            for example in account["examples"]
            if example["reason"] == reason
        )
        yield f"left out: {number:,} {reason}" + "".join(f", the first at {place}" for place in islice(places, 1))


def report(summary: Mapping[str, Any]) -> None:
    """Print the account for people."""
    console = Console(highlight=False)
    table = Table(title=f"{summary['dataset']}: {summary['state']}", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("how many", justify="right")
    table.add_row("rows", f"{summary['rows']:,}")
    if summary["dataset"] == "interactions":
        table.add_row("users, with two or more", f"{summary['users']:,}, {summary['users_with_two']:,}")
        table.add_row("from, to", " – ".join(_day(summary[end]) for end in ("first", "last")))  # noqa: RUF001
    for kind in ("skipped", "bad"):
        for reason, number in sorted(summary[kind].items()):
            table.add_row(f"{kind}: {reason}", f"{number:,}")
    if summary.get("job"):
        table.add_row("import job", summary["job"])
    console.print(table)
    for example in summary["examples"]:
        console.print(f"  {example['file']}, line {example['line']}: {example['reason']}", markup=False, soft_wrap=True)
    for note in summary["notes"]:
        console.print(f"  {note}", markup=False, soft_wrap=True)
    if summary["dataset"] != "interactions":
        console.print(f"  schema: {summary['schema']}", markup=False, soft_wrap=True)


def _day(seconds: int | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d", time.gmtime(seconds))
