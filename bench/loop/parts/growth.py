"""Processor time per event as an invocation grows to 10 and 100 times its records."""

from collections.abc import Callable
from typing import Any

from bench.loop.comparison import spread
from bench.loop.rivals.rivals import BROKER
from bench.loop.services.stub import Behaviour
from bench.loop.trial import Bench
from bench.loop.workloads import ONE_EVENT, SLIM

SIZES = ((ONE_EVENT, (10, 100, 1000)), (SLIM, (100, 1000, 10_000)))
TRIALS = 6  # of both workloads together


def measure(bench: Bench, rounds: int, advance: Callable[[], None]) -> list[dict[str, Any]]:
    """Return, by workload and number of records, milliseconds per event."""
    per_event: dict[tuple[str, int], list[float]] = {}
    for _ in range(rounds):
        for workload, sizes in SIZES:
            for records in sizes:
                trial = bench.trial(BROKER, workload, Behaviour(), records)
                per_event.setdefault((workload.name, records), []).append(trial.processor_ms_per_event)
                advance()
    return [
        {"workload": workload, "records": records, "processor_ms_per_event": vars(spread(values))}
        for (workload, records), values in per_event.items()
    ]
