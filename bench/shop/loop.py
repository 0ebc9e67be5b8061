"""The loop with its shop, as a process with all of its children, and what processor time they take. Linux only."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.paths import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
READY = "# ready"


@dataclass(frozen=True)
class Loop:
    """What ``serve`` exports, and its process."""

    values: dict[str, str]
    pid: int

    @property
    def shop(self) -> str:
        """Return the shop's address, without a slash at the end."""
        return self.values["SHOP_URL"].rstrip("/")

    def processor_seconds(self) -> float:
        """Return the processor time that it and all of its children have taken so far."""
        return processor_seconds(self.pid)


@contextmanager
def running() -> Iterator[Loop]:
    """Yield ``./broker serve``, ready. Raises RuntimeError where it ends before."""
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "lambda_src")))
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "serve"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Loop(_exported(process), process.pid)
    finally:
        process.send_signal(2)
        process.wait(60)


def _exported(process: subprocess.Popen[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in process.stdout or ():
        if line.strip() == READY:
            return values
        name, _, value = line.removeprefix("export ").partition("=")
        values[name] = shlex.split(value)[0] if value.strip() else ""
    raise RuntimeError(f"serve ended with {process.wait()}")


def processor_seconds(pid: int, proc: Path = Path("/proc")) -> float:
    """Return the processor time of a process and its descendants, those of them that have ended included."""
    parents, ticks = {}, {}
    for folder in proc.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[int(folder.name)] = int(fields[1])
        ticks[int(folder.name)] = sum(map(int, fields[11:15]))  # its own, and that of children that were waited for
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(one, 0) for one in family) / TICKS
