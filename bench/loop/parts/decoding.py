"""What decoding and mapping costs over base64 and JSON alone.

python -m bench.loop.parts.decoding EVENT-FILE [REPETITIONS]
"""

import base64
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.loop.comparison import spread
from bench.loop.process import answer
from bench.loop.rivals.rivals import BROKER, ROOT
from bench.loop.trial import event_file
from bench.loop.workloads import Workload


def measure(workloads: Sequence[Workload], repetitions: int) -> list[dict[str, Any]]:
    """Return, by workload, processor milliseconds per record: the floor, the broker's, and their ratio's spread."""
    rows = []
    for workload in workloads:
        with event_file(workload, workload.records) as file:
            variables = {"PYTHONPATH": f"{BROKER.source}:{ROOT}"}
            times = answer(["bench.loop.parts.decoding", str(file), str(repetitions)], variables)
        ratios = [ours / floor for ours, floor in zip(times["broker"], times["floor"], strict=True)]
        per_record = {name: 1000 * statistics.median(times[name]) / workload.records for name in ("floor", "broker")}
        rows.append({"workload": workload.name, **per_record, "ratio": vars(spread(ratios))})
    return rows


def main() -> None:
    """Print processor seconds of each repetition, by turns."""
    from broker.ingest import read  # the measured part of a process of its own
    from broker.interactions import Rules
    from broker.telemetry import Counts

    records = json.loads(Path(sys.argv[1]).read_bytes())["Records"]
    rules = Rules()

    def floor() -> None:
        for record in records:
            json.loads(base64.b64decode(record["kinesis"]["data"]))

    def broker() -> None:
        read(records, rules, time.time(), Counts())

    times: dict[str, list[float]] = {"floor": [], "broker": []}
    for _ in range(int(sys.argv[2])):
        times["floor"].append(_seconds(floor))
        times["broker"].append(_seconds(broker))
    print(json.dumps(times))


def _seconds(run: Callable[[], None]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


if __name__ == "__main__":
    main()
