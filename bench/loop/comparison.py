"""The rivals by turns on the same workloads, and what comes of their trials: medians with their spread."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.loop.rivals.rivals import Rival
from bench.loop.services.stub import Behaviour
from bench.loop.trial import Bench, Trial
from bench.loop.workloads import Workload

SECONDS = 3.0  # of waiting and computing, for which a rival runs that does one record after the other
COMPUTING = 0.005  # seconds per record of such a rival, about


@dataclass(frozen=True)
class Spread:
    """A median with the least and the greatest value."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """Return the spread of one or more values."""
    ordered = sorted(values)
    return Spread(statistics.median(ordered), ordered[0], ordered[-1])


def sample(rival: Rival, workload: Workload, latency: float, share: float | None = None) -> int:
    """Return how many records a rival gets: one that does one after the other takes as long for each, so fewer do."""
    if rival.second_module:
        return workload.records
    per_record = 3 * latency + COMPUTING / min(1.0, share or 1.0)
    return min(workload.records, max(10, int(SECONDS / per_record)))


def compare(
    bench: Bench,
    rivals: Sequence[Rival],
    workloads: Sequence[Workload],
    latencies: Sequence[float],
    rounds: int,
    advance: Callable[[], None],
    share: float | None = None,
) -> list[Trial]:
    """Run every rival on every workload at every latency, in each round all of them by turns, in changing order."""
    trials = []
    for latency in latencies:
        for workload in workloads:
            for turn in range(rounds):
                for rival in rivals if turn % 2 else rivals[::-1]:
                    records = sample(rival, workload, latency, share)
                    trials.append(bench.trial(rival, workload, Behaviour(latency), records))
                    advance()
    return trials


def of(trials: Iterable[Trial], *, rival: str, workload: str, latency: float | None = None) -> list[Trial]:
    """Return the trials of one rival and workload, at one latency or at all of them."""
    return [
        trial
        for trial in trials
        if (trial.rival, trial.workload) == (rival, workload) and latency in (None, trial.latency)
    ]
