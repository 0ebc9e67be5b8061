"""Processor and clock time, and memory, of ``prepare`` and of the conversion of exports, beside an earlier commit.

python -m bench.prepare --baseline "$(bench/baseline)" [--rows 1000000] [--megabytes 100] [--alternations 5] [TABLE …]

The files are made up, the same in every run, and removed at the end. ``exports`` and ``eight exports`` are read by
``./broker backfill --dry-run``; their memory is that of the first process. By default all tables but "JSON events",
which f91af5b does not read.
"""

import argparse
import gzip
import json
import random
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import exports
from bench.reading import Cost, cost

FIRST_MS = 1_700_000_000_000
HALF_A_YEAR_MS = 15_000_000_000
EVENTS = ("--user", "visitor", "--item", "product", "--time", "at", "--type", "action", "--value", "amount")
INVOICES = (
    *("--user", "CustomerID", "--item", "StockCode", "--time", "InvoiceDate", "--quantity", "Quantity"),
    *("--price", "UnitPrice", "--attribute", "Country"),
)
PREPARE = ("-m", "cli", "prepare")
BACKFILL = ("-m", "cli", "backfill", "--dry-run", "--name", "bench")
Make = Callable[[Path, argparse.Namespace], Sequence[str]]


def events(path: Path, options: argparse.Namespace) -> Sequence[str]:
    """Write a log of events as a CSV; return the command."""
    with path.open("w") as file:
        file.write("visitor,product,action,at,device,amount\n")
        file.writelines(",".join(map(str, row.values())) + "\n" for row in _events(options.rows))
    return (*PREPARE, "events", str(path), *EVENTS, "--out", "{out}")


def packed_events(path: Path, options: argparse.Namespace) -> Sequence[str]:
    """Write the same, packed by gzip."""
    plain = path.with_suffix(".plain")
    command = events(plain, options)
    with plain.open("rb") as read, gzip.open(path, "wb", 6) as written:
        shutil.copyfileobj(read, written)
    plain.unlink()
    return [str(path) if part == str(plain) else part for part in command]


def json_events(path: Path, options: argparse.Namespace) -> Sequence[str]:
    """Write the same as JSON Lines."""
    with path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in _events(options.rows))
    return (*PREPARE, "events", str(path), *EVENTS, "--out", "{out}")


def invoices(path: Path, options: argparse.Namespace) -> Sequence[str]:
    """Write lines of invoices with texts in quotes and times in ISO 8601; return the command."""
    with path.open("w") as file:
        file.write("Invoice,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
        for number, row in enumerate(_events(options.rows)):
            moment = datetime.fromtimestamp(row["at"] // 1000, UTC)
            user, item = abs(row["visitor"]) % 100_000, row["product"]
            values = f'{item},"{item}, large",{number % 9 + 1},{moment:%Y-%m-%d %H:%M:%S},{row["amount"]}'
            file.write(f"{500_000 + number // 10},{values},C{user:06},Country {user % 23}\n")
    return (*PREPARE, "invoices", str(path), *INVOICES, "--out", "{out}")


def one_export(path: Path, options: argparse.Namespace) -> Sequence[str]:
    """Write one export of mParticle's; return the command that converts it."""
    exports.write(path, int(options.megabytes * 1e6), 1)
    return (*BACKFILL, str(path))


def eight_exports(path: Path, options: argparse.Namespace) -> Sequence[str]:
    """Write eight exports of an eighth of the size; return the command."""
    files = [path.with_name(f"{path.name}-{number}") for number in range(1, 9)]
    for number, file in enumerate(files, 1):
        exports.write(file, int(options.megabytes * 1e6 / 8), number)
    return (*BACKFILL, *map(str, files))


TABLES: dict[str, Make] = {
    "events": events,
    "packed events": packed_events,
    "invoices": invoices,
    "exports": one_export,
    "eight exports": eight_exports,
    "JSON events": json_events,  # which f91af5b does not read
}


def _events(rows: int) -> Iterator[dict[str, int | float | str]]:
    draw = random.Random(1)  # noqa: S311 - made-up data
    users = [draw.randrange(-(2**63), 2**63) for _ in range(50_000)]
    for _ in range(rows):
        yield {
            "visitor": draw.choice(users),
            "product": f"SKU-{int(draw.paretovariate(0.7)) % 20_000:05}",
            "action": "purchase" if draw.random() < 1 / 3 else "view_detail",
            "at": FIRST_MS + draw.randrange(HALF_A_YEAR_MS),
            "device": draw.choice(("ios", "android", "web")),
            "amount": draw.randrange(100, 50_000) / 100,
        }


def alternated(make: Make, options: argparse.Namespace, here: Path) -> tuple[list[Cost], list[Cost]]:
    """Return what each run took in the earlier commit, and here."""
    before, after = list[Cost](), list[Cost]()
    with tempfile.TemporaryDirectory() as folder:
        command = make(Path(folder) / "file", options)
        for _ in range(options.alternations):
            before.append(cost(options.baseline.resolve(), command, Path(folder) / "file"))
            after.append(cost(here, command, Path(folder) / "file"))
    return before, after


def row(name: str, before: Sequence[Cost], after: Sequence[Cost]) -> list[str]:
    """Return a row of the table: medians and ranges of processor and clock seconds, their ratios, and memory."""
    memory = [f"{statistics.median(run.memory for run in runs):.0f}" for runs in (before, after)]
    processor = _compared([[run.seconds for run in runs] for runs in (before, after)])
    return [name, *processor, *_compared([[run.clock for run in runs] for runs in (before, after)]), *memory]


def _compared(seconds: Sequence[Sequence[float]]) -> list[str]:
    return [*map(_spread, seconds), f"{statistics.median(seconds[0]) / statistics.median(seconds[1]):.2f}"]


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Make each table, run both checkouts by turns, and print a table of medians."""
    parser = argparse.ArgumentParser(prog="python -m bench.prepare", description=__doc__)
    parser.add_argument("--baseline", type=Path, required=True, help="the folder that bench/baseline prints")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--megabytes", type=float, default=100, help="of exports")
    parser.add_argument("--alternations", type=int, default=5)
    parser.add_argument("tables", nargs="*", default=[*TABLES][:-1], metavar="TABLE", help=", ".join(TABLES))
    options = parser.parse_args()
    if unknown := set(options.tables) - TABLES.keys():
        parser.error(f"no table {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    here = Path(__file__).resolve().parents[1]
    kinds = ("processor", "clock")
    seconds = [column for kind in kinds for column in (f"before, {kind} s", f"now, {kind} s", "ratio")]
    table = Table("table", *seconds, "before, MiB", "now, MiB")
    for name in options.tables:
        table.add_row(*row(name, *alternated(TABLES[name], options, here)))
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
