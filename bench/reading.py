"""Processor time and peak memory of what reads tables, side by side with an earlier commit, in alternation.

python -m bench.reading --baseline "$(bench/baseline)" [--megabytes 1000] [--alternations 5] [backfill prepare evaluate]

``evaluate`` reads a tenth of the size. The files are made up, the same in every run, and removed at the end.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP,EVENT_VALUE\n"
FIRST = 1_700_000_000  # epoch seconds
BLOCK_ROWS = 100_000
READ = "import sys, pathlib; from evaluation.data.log import read; read(pathlib.Path(sys.argv[1]))"
COMMANDS = {
    "backfill": ("-m", "cli", "backfill", "{file}", "--dry-run", "--name", "bench"),
    "prepare": (
        *("-m", "cli", "prepare", "events", "{file}", "--out", "{out}", "--user", "USER_ID", "--item", "ITEM_ID"),
        *("--time", "TIMESTAMP", "--type", "EVENT_TYPE", "--value", "EVENT_VALUE"),
    ),
    "evaluate": ("-c", READ, "{file}"),
}
SHARES = {"evaluate": 0.1}  # of the size; the other commands read all of it


@dataclass(frozen=True)
class Cost:
    """What one run took: processor seconds of all its processes, peak memory in MiB, seconds of the clock."""

    seconds: float
    memory: float
    clock: float


def made_up(path: Path, megabytes: float) -> None:
    """Write a log of interactions: a third of them purchases, by users with 64-bit ids, over half a year."""
    rng = random.Random(1)  # noqa: S311 - made-up data
    users = [rng.randrange(-(2**63), 2**63) for _ in range(50_000)]
    with path.open("w") as file:
        file.write(HEADER)
        while file.tell() < megabytes * 1e6:
            file.writelines(_row(rng, users) for _ in range(BLOCK_ROWS))


def _row(rng: random.Random, users: Sequence[int]) -> str:
    user, item, moment = rng.choice(users), rng.randrange(20_000), FIRST + rng.randrange(15_000_000)
    kind = "purchase" if rng.random() < 1 / 3 else "view_detail"
    return f"{user},SKU-{item:05},{kind},{moment},{rng.randrange(100, 50_000) / 100}\n"


def cost(checkout: Path, command: Sequence[str], file: Path) -> Cost:
    """Run a command of one checkout by its own Python. Raises RuntimeError where it fails."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        arguments = [part.format(file=file, out=Path(folder) / "out") for part in command]
        environment = os.environ | {"PYTHONPATH": f"lambda_src{os.pathsep}.", "PYTHONDONTWRITEBYTECODE": ""}
        errors = Path(folder) / "errors"
        began = time.perf_counter()
        with errors.open("w") as file_of_errors:
            process = subprocess.Popen(  # noqa: S603 - commands of this file
                [str(checkout / ".venv/bin/python"), *arguments],
                cwd=checkout,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=file_of_errors,
            )
            _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - began
        problem = errors.read_text(errors="replace")[-2000:]
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{checkout}: {' '.join(arguments)} ended with {process.returncode}\n{problem}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, clock)


def report(name: str, before: Sequence[Cost], after: Sequence[Cost]) -> str:
    """Return the medians of both, with their spread, and their ratio."""
    lines = []
    for what, unit in (("seconds", "s"), ("memory", "MiB")):
        old, new = ([getattr(run, what) for run in runs] for runs in (before, after))
        ratio = statistics.median(new) / statistics.median(old)
        lines.append(f"{name:9} {what:8} {_spread(old, unit)}  ->  {_spread(new, unit)}  ratio {ratio:.2f}")
    return "\n".join(lines)


def _spread(values: Sequence[float], unit: str) -> str:
    return f"{statistics.median(values):8.1f} {unit:3} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    """Run each command in both checkouts by turns, and print a comparison."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("--baseline", type=Path, required=True, help="the folder that bench/baseline prints")
    parser.add_argument("--megabytes", type=float, default=1000)
    parser.add_argument("--alternations", type=int, default=5)
    parser.add_argument("commands", nargs="*", default=list(COMMANDS), metavar="COMMAND", help=", ".join(COMMANDS))
    options = parser.parse_args()
    unknown = set(options.commands) - COMMANDS.keys()
    if unknown:
        parser.error(f"no command {', '.join(sorted(unknown))}; there are {', '.join(COMMANDS)}")
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as progress:
        task = progress.add_task("running", total=2 * options.alternations * len(options.commands))
        for name in options.commands:
            file = Path(folder) / f"{name}.csv"
            made_up(file, options.megabytes * SHARES.get(name, 1))
            runs: dict[Path, list[Cost]] = {options.baseline.resolve(): [], here: []}
            for _ in range(options.alternations):
                for checkout, costs in runs.items():
                    costs.append(cost(checkout, COMMANDS[name], file))
                    progress.advance(task)
            file.unlink()
            progress.console.print(report(name, *runs.values()), highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
