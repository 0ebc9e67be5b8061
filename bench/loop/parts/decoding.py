"""What decoding and mapping costs over base64 and JSON alone.

python -m bench.loop.parts.decoding EVENT-FILE [REPETITIONS]
"""

import base64
import gc
import inspect
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.loop.comparison import spread
from bench.loop.process import answer
from bench.loop.rivals.rivals import Rival
from bench.loop.trial import event_file
from bench.loop.workloads import Workload


def measure(rivals: Sequence[Rival], workloads: Sequence[Workload], repetitions: int) -> list[dict[str, Any]]:
    """Return, by workload and rival, processor milliseconds per record: the least, the rival's, and their ratio."""
    rows = []
    for workload in workloads:
        with event_file(workload, workload.records) as file:
            for rival in rivals:
                times = answer(["bench.loop.parts.decoding", str(file), str(repetitions)], rival.variables)
                ratios = [ours / least for ours, least in zip(times["broker"], times["least"], strict=True)]
                medians = {name: 1000 * statistics.median(times[name]) / workload.records for name in times}
                rows.append({"workload": workload.name, "rival": rival.title, **medians, "ratio": vars(spread(ratios))})
    return rows


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
