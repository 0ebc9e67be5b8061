"""The peak memory of a function over its event."""

from collections.abc import Sequence
from typing import Any

from bench.loop.process import answer
from bench.loop.rivals.rivals import Rival, environment
from bench.loop.trial import CONCURRENCY, event_file, stub
from bench.loop.workloads import ONE_EVENT, SLIM


def measure(rivals: Sequence[Rival]) -> list[dict[str, Any]]:
    """Return, by rival, MiB: the process after its first event, at its peak, and the event's JSON."""
    rows = []
    for rival in rivals:
        with stub() as url, event_file(ONE_EVENT, 10) as warm_up, event_file(SLIM, SLIM.records) as file:
            variables = {**environment(url, CONCURRENCY), **rival.variables}
            memory = answer(["bench.loop.parts.memory_process", rival.module, str(warm_up), str(file)], variables)
            rows.append(
                {"rival": rival.title, "records": SLIM.records, "payload": file.stat().st_size / 2**20, **memory}
            )
    return rows
