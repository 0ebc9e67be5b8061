"""The same exports in three places, interrupted and not: compares sorted rows byte for byte, and the reports.

    PYTHONPATH=.:lambda_src .venv/bin/python -m bench.three_places --megabytes 200

The exports are made up, with every trap. They are converted by what ``./broker backfill`` runs on this machine, on a
server of Spark Connect (``make spark`` installs it), and by the stack's state machine in the local Lambda runtime. It
ends with 1 where anything differs. Processor seconds are those of the converting processes that were not killed.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.three_places import exports, here, in_stack, sail, template
from bench.three_places.outcome import Run, timed
from local_stack.process import start_service

PROCESSES = 2
PARTS = 12  # of all exports, about
MIB = 2**20


def runs(folder: Path, size: int, trap_every: int) -> Iterator[Run]:
    """Convert exports of about ``size`` bytes everywhere; the first run is by one process of this machine."""
    made, part_bytes = folder / "exports", size // PARTS
    exports.write(made, size, trap_every)
    yield from on_this_machine(made, folder, part_bytes)
    if sail.CLIENT.exists():
        yield from on_spark(made, folder, part_bytes)
    yield from by_the_stack(made, folder, part_bytes)


def on_this_machine(made: Path, folder: Path, part_bytes: int) -> Iterator[Run]:
    """Convert here: by one process, by several, and by several that are killed and started again."""
    for number in (1, PROCESSES):
        conversion = here.Here(made, folder / f"by-{number}", part_bytes)
        yield timed(f"this machine, {number} at once", lambda of=conversion, by=number: of.run(by))  # type: ignore[misc]
    killed = here.Here(made, folder / "killed", part_bytes)
    done = killed.kill(PROCESSES, PARTS // 2)
    yield timed("this machine, again", lambda: killed.run(PROCESSES), f"after SIGKILL with {done} parts done")


def on_spark(made: Path, folder: Path, part_bytes: int) -> Iterator[Run]:
    """Convert on Spark, and on one that was killed in the middle and started again."""
    for name in ("spark", "spark-killed"):
        (folder / name).mkdir()
    whole = sail.OnSpark(made, folder / "spark", part_bytes)
    yield timed("Spark (Sail)", lambda: whole.run_on(folder))
    killed = sail.OnSpark(made, folder / "spark-killed", part_bytes)
    done = killed.kill(folder, PARTS // 2)
    yield timed("Spark (Sail), again", lambda: killed.run_on(folder), f"after SIGKILL with {done} parts done")


def by_the_stack(made: Path, folder: Path, part_bytes: int) -> Iterator[Run]:
    """Convert by the state machine, twice from nothing; the second time, its functions are killed in the middle."""
    stack = template.synthesise(folder / "cdk.out")
    with start_service("local_stack.aws") as aws:
        conversion = in_stack.InStack(stack, aws.url, folder, part_bytes, PROCESSES)
        conversion.put(made)
        yield timed("Step Functions", conversion.run)
        conversion.clear()
        killed = timed("Step Functions, killed", lambda: conversion.run(kill_after=PARTS // 2))
    yield killed._replace(note=f"SIGKILL of the functions: {conversion.failed} invocations failed, and were repeated")


def table(made: Path, done: Sequence[Run]) -> str:
    """Return the runs as a table for people."""
    files = [path.stat().st_size for path in made.iterdir()]
    first = done[0].outcome
    lines = [
        f"{sum(files) / MIB:.1f} MiB of exports in {len(files)} files, {first.report['rows']:,} rows",
        f"bad: {first.report['bad']}",
        f"skipped: {first.report['skipped']}",
        "",
        "| where | seconds | processor seconds | differs in | |",
        "|---|---|---|---|---|",
    ]
    for run in done:
        differences = ", ".join(first.differences(run.outcome)) or "nothing"
        lines.append(f"| {run.place} | {run.seconds:.1f} | {run.processor_seconds:.1f} | {differences} | {run.note} |")
    return "\n".join(lines)


def main() -> int:
    """Convert, print the table, and return 1 where anything differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.three_places", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=200, help="of exports, as they are when they are unpacked")
    parser.add_argument("--trap-every", type=int, default=exports.A_TRAP, help="lines from one trap to the next")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="three-places-") as name:
        folder = Path(name)
        done = []
        for run in runs(folder, int(asked.megabytes * 1e6), asked.trap_every):
            print(f"{run.place}: {run.seconds:.1f} s", file=sys.stderr)
            done.append(run)
        print(table(folder / "exports", done))
    return int(any(done[0].outcome.differences(run.outcome) for run in done))


if __name__ == "__main__":
    sys.exit(main())
