"""What decoding and mapping costs over base64 and JSON alone."""

import statistics
from collections.abc import Sequence
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
                times = answer(["bench.loop.parts.decoding_process", str(file), str(repetitions)], rival.variables)
                ratios = [ours / least for ours, least in zip(times["broker"], times["least"], strict=True)]
                medians = {name: 1000 * statistics.median(times[name]) / workload.records for name in times}
                rows.append({"workload": workload.name, "rival": rival.title, **medians, "ratio": vars(spread(ratios))})
    return rows
