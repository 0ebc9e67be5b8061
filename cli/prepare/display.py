"""What was prepared, for people and for programs."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.console import emit
from personalize_data.prepare.pipeline import Prepared

SHOWN_IF_ANY = ("rows_split", "users_without_interactions")
WIDTH = 110  # where there is no terminal to measure


def show(prepared: Prepared, out: Path | None, *, as_json: bool) -> None:
    """Print what was prepared, for people or as one JSON object."""
    files = [f"{dataset}.{suffix}" for dataset in prepared.tables for suffix in ("csv", "avsc")]
    account = dict(prepared.summary) | {"out": str(out) if out else None, "files": files if out else []}
    emit(account, as_json, lambda: _print(account, out))


def _print(account: Mapping[str, Any], out: Path | None) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    table = Table(title=f"{out or 'dry run: nothing written'}", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("how many", justify="right")
    for label, number in _rows(account):
        table.add_row(escape(label), escape(number))
    console.print(table)
    for note in account["notes"]:
        console.print(f"  {note}", markup=False, soft_wrap=True)
    if out:
        console.print(f"wrote {', '.join(account['files'])}", markup=False, soft_wrap=True)
        console.print(f"next: {_next(prepared_files=account['files'], out=out)}", markup=False, soft_wrap=True)


def _next(prepared_files: Collection[str], out: Path) -> str:
    """Return the command that compares recommenders on what was written."""
    attributes = [f" --{name} {out / f'{name}.csv'}" for name in ("users", "items") if f"{name}.csv" in prepared_files]
    return f"./broker evaluate {out / 'interactions.csv'}{''.join(attributes)}"


def _rows(account: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "rows read", f"{account['rows_read']:,}"
    yield "interactions", f"{account['interactions']:,}"
    for kind, number in account["event_types"].items():
        yield f"  {kind}", f"{number:,}"
    yield "users, items", f"{account['users']:,}, {account['items']:,}"
    yield "from, to", " to ".join(f"{datetime.fromtimestamp(account[end], UTC):%Y-%m-%d}" for end in ("first", "last"))
    for name in ("rows_split", "months", "gaps", "products_lost", "owned_in_first_month", "users_without_interactions"):
        if name in account and (account[name] or name not in SHOWN_IF_ANY):
            yield name.replace("_", " "), f"{account[name]:,}"
    yield from _left_out(account)
    for dataset in ("users", "items"):
        for name, kind in account["columns"].get(dataset, {}).items():
            if not name.endswith("_ID"):
                yield f"{dataset}.csv: {name}", kind


def _left_out(account: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for reason, number in account["left_out"].items():
        if number:
            name = f"rows of {account['items_dropped']:,} {reason}" if reason == "dropped_items" else reason
            yield f"left out: {name.replace('_', ' ')}", f"{number:,}"
    fill = account["fill"]
    for column, number in fill["dropped"].items():
        yield f"left out: nothing in {column}", f"{number:,}"
    for column, number in fill["filled"].items():
        yield f"filled: {column} by {fill['rules'][column]}", f"{number:,}"
