"""All that one run of the benchmark measures."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from os import cpu_count, getloadavg
from typing import Any

from bench.loop.rivals.rivals import ROOT
from bench.loop.trial import Trial

LIBRARIES = ("boto3", "aws_lambda_powertools", "requests", "urllib3")


@dataclass(frozen=True)
class Results:
    """``titles`` of the rivals by name; ``shares``: trials by memory in MB. The other parts are as their modules say.

    ``share`` of a processor, if one was asked for. ``share_by``: how it was kept, by ``cgroup`` or ``calculation``.
    """

    titles: Mapping[str, str]
    trials: Sequence[Trial]
    rounds: int
    share: float | None
    share_by: str
    machine: Mapping[str, Any]
    shares: Mapping[int, Sequence[Trial]] = field(default_factory=dict)
    bad_days: Sequence[Mapping[str, Any]] = ()
    decoding: Sequence[Mapping[str, Any]] = ()
    memory: Sequence[Mapping[str, Any]] = ()
    cold_start: Sequence[Mapping[str, Any]] = ()
    growth: Sequence[Mapping[str, Any]] = ()

    @property
    def workloads(self) -> list[str]:
        """The names of the workloads, in order."""
        return list(dict.fromkeys(trial.workload for trial in self.trials))

    @property
    def latencies(self) -> list[float]:
        """The services' latencies in seconds, in order."""
        return sorted({trial.latency for trial in self.trials})

    @property
    def cells(self) -> list[tuple[str, float]]:
        """All workloads at all latencies."""
        return [(workload, latency) for workload in self.workloads for latency in self.latencies]

    def at_share(self, share: float, trials: Sequence[Trial]) -> "Results":
        """Return the trials at a share of a processor as results of their own."""
        return replace(self, share=share, trials=trials)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return asdict(self)


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": cpu_count(),
        "load": round(getloadavg()[0], 1),
        **{library: version(library) for library in LIBRARIES},
    }


def _commit() -> str:
    """Return the checkout's commit, marked where something is not committed; empty outside Git."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - no input
    return done.stdout.strip()
