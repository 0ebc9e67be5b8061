"""The sums of the metrics in the functions' log (CloudWatch embedded metric format)."""

import json
import threading
from collections import Counter

INTERVAL = 10  # seconds: sums of the recent past are kept in intervals of this length
KEPT = 3600  # seconds of the recent past


class MetricsLog:
    """Adds up the counts in log lines, by outcome and by ``outcome.reason``. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: Counter[str] = Counter()
        self._recent: dict[int, Counter[str]] = {}

    def feed(self, line: str) -> None:
        """Add one line; lines without a metric are ignored."""
        if '"_aws"' not in line:
            return
        try:
            entry = json.loads(line)
            metrics = entry["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            interval = int(entry["_aws"]["Timestamp"]) // 1000 // INTERVAL
        except (ValueError, KeyError, IndexError, TypeError):
            return
        with self._lock:
            counts = self._counts_of(interval)
            for metric in metrics:
                name = metric["Name"]
                values = entry[name] if isinstance(entry[name], list) else [entry[name]]
                if metric.get("Unit") == "Count":
                    key = f"{name.removesuffix('ByReason')}.{entry['reason']}" if "reason" in entry else name
                    self._sums[key] += round(sum(values))
                    counts[key] += round(sum(values))

    def _counts_of(self, interval: int) -> Counter[str]:
        """Return the counts of one interval; forget those that are too old."""
        if interval not in self._recent:
            for old in [one for one in self._recent if one < interval - KEPT // INTERVAL]:
                del self._recent[old]
        return self._recent.setdefault(interval, Counter())

    def sum(self, name: str) -> int:
        """Return the sum of one count."""
        with self._lock:
            return self._sums[name]

    def between(self, since: int, until: int) -> dict[str, int]:
        """Return the sums of a part of the last hour; both times are multiples of INTERVAL, in epoch seconds."""
        sums: Counter[str] = Counter()
        with self._lock:
            for interval, counts in self._recent.items():
                if since <= interval * INTERVAL < until:
                    sums.update(counts)
        return dict(sums)

    def by_reason(self, outcome: str) -> dict[str, int]:
        """Return an outcome's counts by reason."""
        with self._lock:
            return {
                name.partition(".")[2]: number for name, number in self._sums.items() if name.startswith(f"{outcome}.")
            }
