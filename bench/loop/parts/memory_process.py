"""The memory of a function in a process of its own.

python -m bench.loop.parts.memory_process MODULE WARM-UP-FILE EVENT-FILE

It imports only the worker of ours: an earlier checkout lacks modules that the other parts of the benchmark import.
"""

import importlib
import json
import os
import resource
import sys
from pathlib import Path

from bench.loop.worker import Context


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
