"""Decoding in a process of its own, by a checkout's broker.

python -m bench.loop.parts.decoding_process EVENT-FILE REPETITIONS

It imports nothing else of ours: an earlier checkout lacks modules that the other parts of the benchmark import.
"""

import base64
import gc
import inspect
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Print processor seconds of each repetition, by turns."""
    from broker.ingest import read  # of whichever checkout
    from broker.interactions import Rules
    from broker.telemetry import Counts

    records = json.loads(Path(sys.argv[1]).read_bytes())["Records"]
    of_any: Callable[..., object] = read  # an earlier one is not told the time
    time_if_taken = [time.time()] if "now" in inspect.signature(read).parameters else []
    rules = Rules()

    def least() -> object:
        return [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in records]

    def broker() -> object:
        return of_any(records, rules, *time_if_taken, Counts())

    times: dict[str, list[float]] = {"least": [], "broker": []}
    for _ in range(int(sys.argv[2])):
        times["least"].append(_seconds(least))
        times["broker"].append(_seconds(broker))
    print(json.dumps(times))


def _seconds(run: Callable[[], object]) -> float:
    """Return the processor seconds until everything is read; it is kept until then, as an invocation keeps it."""
    gc.collect()
    began = time.process_time()
    result = run()
    seconds = time.process_time() - began
    del result
    return seconds


if __name__ == "__main__":
    main()
