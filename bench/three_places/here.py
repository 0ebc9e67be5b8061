"""Exports converted on this machine, in a process of its own, by what ``./broker backfill`` runs."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.three_places.outcome import Outcome, outcome
from bench.three_places.plan import plan
from cli.local_conversion import LocalConversion
from cli.progress import WaitDisplay

ROOT = Path(__file__).resolve().parents[2]
LOOK = 0.005  # seconds from one look at the work to the next


class Here:
    """Conversions of a folder of exports. ``work``: a folder for what they write; ``part_bytes``: of a part."""

    def __init__(self, exports: Path, work: Path, part_bytes: int) -> None:
        self._exports, self._work, self._part_bytes = exports, work, part_bytes

    def run(self, processes: int) -> Outcome:
        """Convert, from where an earlier run was stopped. Raises CalledProcessError."""
        done = subprocess.run(self._command(processes), stdout=subprocess.PIPE, check=True, **in_project())  # noqa: S603
        return outcome([self._csv.read_bytes()], json.loads(done.stdout), "")

    def kill(self, processes: int, parts: int) -> int:
        """Convert, and end it by SIGKILL once some ``parts`` are done; return how many were. Raises RuntimeError."""
        with subprocess.Popen(self._command(processes), stdout=subprocess.DEVNULL, **in_project()) as process:  # noqa: S603
            while len(self._done()) < parts:
                if process.poll() is not None:
                    raise RuntimeError("it ended before it could be killed")
                time.sleep(LOOK)
            process.send_signal(signal.SIGKILL)
        if self._csv.exists() and process.returncode != -signal.SIGKILL:
            raise RuntimeError("it ended before it was killed")
        return len(self._done())

    @property
    def _csv(self) -> Path:
        return self._work.with_suffix(".csv")

    def _done(self) -> list[Path]:
        return list(self._work.glob("part-*.json"))

    def _command(self, processes: int) -> list[str]:
        paths = [str(path) for path in (self._exports, self._work, self._csv)]
        return [sys.executable, "-m", "bench.three_places.here", *paths, str(processes), str(self._part_bytes)]


def in_project() -> dict[str, Any]:
    """Return how ``subprocess`` starts a program of this project, which says nothing."""
    path = f"{ROOT / 'lambda_src'}{os.pathsep}{ROOT}"
    return {"cwd": ROOT, "env": os.environ | {"PYTHONPATH": path}, "stderr": subprocess.DEVNULL}


def main() -> None:
    """Convert what the command line says, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("exports", "work", "csv"):
        parser.add_argument(name, type=Path)
    for name in ("processes", "part_bytes"):
        parser.add_argument(name, type=int)
    asked = parser.parse_args()
    conversion = LocalConversion(plan(asked.exports), asked.work, asked.processes, part_bytes=asked.part_bytes)
    with WaitDisplay() as waiting:
        summary = conversion.csv(asked.csv, waiting)
    json.dump(summary.as_json(), sys.stdout)


if __name__ == "__main__":
    main()
