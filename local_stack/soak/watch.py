"""Samples of the loop every few seconds: its lag, the resources of its processes, and the current fault."""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local_stack import loopback
from local_stack.stack import Stack

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # per second of processor time


@dataclass(frozen=True)
class Process:
    """The resources of one process: resident memory in MB, open files, threads."""

    pid: int
    memory_mb: float
    files: int
    threads: int


@dataclass(frozen=True)
class Sample:
    """One sample, ``at`` seconds after the start. ``lag_s``: age of the oldest record that has not been processed.

    ``forwarding``: the batches that mParticle has yet to put on the stream.
    """

    at: float
    fault: str | None
    lag_s: float
    waiting_users: int
    forwarding: int
    functions: dict[str, Process]


def take_sample(stack: Stack, at: float, fault: str | None) -> Sample:
    """Take one sample of a running stack."""
    counts = stack.stream_pollers.counts().values()
    return Sample(
        at=at,
        fault=fault,
        lag_s=max(count.iterator_age_ms for count in counts) / 1000,
        waiting_users=stack.messages_waiting(),
        forwarding=loopback.get(f"{stack.mparticle.url}/_local/status").json()["waiting"],
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


class ProcessorTime:
    """The processor time of groups of processes since the first look; that of a killed one's last moments is lost.

    ``seconds`` by group; empty on systems other than Linux.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._last: dict[int, float] = {}
        self._has_looked = False

    def look(self, processes: Iterable[tuple[str, int]]) -> None:
        """Add what each process (group, pid) has used since the last look; one that is new has used all of it since."""
        for group, pid in processes:
            used = _processor_seconds(pid)
            if used is None:
                continue
            before = self._last.get(pid, 0.0 if self._has_looked else used)
            self.seconds[group] += used - before
            self._last[pid] = used
        self._has_looked = True


def _processor_seconds(pid: int) -> float | None:
    try:
        # After the name in parentheses, which may hold blanks, utime and stime are the 12th and 13th field (proc(5)).
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS


def processes(stack: Stack) -> list[tuple[str, int]]:
    """Return the running processes of a stack, and this one, each with the name of its group."""
    services = {"Kinesis, SQS, S3, DynamoDB": stack.aws, "Personalize": stack.personalize, "mParticle": stack.mparticle}
    functions = [(name, pid) for name, function in stack.functions.items() for pid in function.pids]
    own = ("shop, pollers and soak", os.getpid())
    return [own, *((name, service.process.pid) for name, service in services.items()), *functions]
