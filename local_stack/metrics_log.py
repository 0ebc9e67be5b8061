"""The sums of the metrics in the functions' log (CloudWatch embedded metric format)."""

import json
import threading
from collections import Counter


class MetricsLog:
    """Adds up the counts in log lines, by outcome and by ``outcome.reason``. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: Counter[str] = Counter()

    def feed(self, line: str) -> None:
        """Add one line; lines without a metric are ignored."""
        if '"_aws"' not in line:
            return
        try:
            entry = json.loads(line)
            metrics = entry["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        except (ValueError, KeyError, IndexError, TypeError):
            return
        with self._lock:
            for metric in metrics:
                name = metric["Name"]
                values = entry[name] if isinstance(entry[name], list) else [entry[name]]
                if metric.get("Unit") == "Count":
                    self._sums[f"{name.removesuffix('ByReason')}.{entry['reason']}" if "reason" in entry else name] += (
                        round(sum(values))
                    )

    def sum(self, name: str) -> int:
        """Return the sum of one count."""
        with self._lock:
            return self._sums[name]

    def by_reason(self, outcome: str) -> dict[str, int]:
        """Return an outcome's counts by reason."""
        with self._lock:
            return {
                name.partition(".")[2]: number for name, number in self._sums.items() if name.startswith(f"{outcome}.")
            }
