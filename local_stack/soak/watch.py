"""Samples of the loop every few seconds: its lag, the resources of its processes, and the current fault."""

import os
from dataclasses import dataclass
from pathlib import Path

from local_stack.stack import Stack

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """The resources of one process: resident memory in MB, open files, threads."""

    pid: int
    memory_mb: float
    files: int
    threads: int


@dataclass(frozen=True)
class Sample:
    """One sample, ``at`` seconds after the start. ``lag_s``: age of the oldest record that has not been processed."""

    at: float
    fault: str | None
    lag_s: float
    waiting_users: int
    functions: dict[str, Process]


def take_sample(stack: Stack, at: float, fault: str | None) -> Sample:
    """Take one sample of a running stack."""
    counts = stack.stream_pollers.counts().values()
    return Sample(
        at=at,
        fault=fault,
        lag_s=max(count.iterator_age_ms for count in counts) / 1000,
        waiting_users=stack.messages_waiting(),
        functions={
            name: max(usages, key=lambda usage: usage.memory_mb)
            for name, function in stack.functions.items()
            if (usages := [usage for pid in function.pids if (usage := process(pid)) is not None])
        },
    )


def process(pid: int) -> Process | None:
    """Return a process's resources; None if it has ended, or on systems other than Linux."""
    try:
        status = (PROC / str(pid) / "status").read_text()
        files = len(os.listdir(PROC / str(pid) / "fd"))
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if "VmRSS" not in fields:  # a zombie
        return None
    return Process(pid, int(fields["VmRSS"].split()[0]) / 1024, files, int(fields["Threads"]))
