"""The peak memory of a function over its event.

python -m bench.loop.parts.memory MODULE WARM-UP-FILE EVENT-FILE
"""

import importlib
import json
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.loop.process import answer
from bench.loop.rivals.rivals import Rival, environment
from bench.loop.trial import CONCURRENCY, event_file, stub
from bench.loop.worker import Context
from bench.loop.workloads import ONE_EVENT, SLIM


def measure(rivals: Sequence[Rival]) -> list[dict[str, Any]]:
    """Return, by rival, MiB: the process after its first event, at its peak, and the event's JSON."""
    rows = []
    for rival in rivals:
        with stub() as url, event_file(ONE_EVENT, 10) as warm_up, event_file(SLIM, SLIM.records) as file:
            variables = {**environment(url, CONCURRENCY), **rival.variables}
            memory = answer(["bench.loop.parts.memory", rival.module, str(warm_up), str(file)], variables)
            rows.append(
                {"rival": rival.title, "records": SLIM.records, "payload": file.stat().st_size / 2**20, **memory}
            )
    return rows


def main() -> None:
    """Print the peak before the event and after it."""
    handler = importlib.import_module(sys.argv[1]).handler
    out = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as sys.stdout:
        handler(json.loads(Path(sys.argv[2]).read_bytes()), Context())
        before = _peak()
        result = handler(json.loads(Path(sys.argv[3]).read_bytes()), Context())
        print(json.dumps({"before": before, "peak": _peak(), "left": len(result["batchItemFailures"])}), file=out)
    out.close()


def _peak() -> float:
    """Return the largest resident memory of this process in MiB.

    On Linux, ru_maxrss is at least that of the process which started this one (getrusage's manual page).
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


if __name__ == "__main__":
    main()
