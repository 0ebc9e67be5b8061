"""The newest lines of the functions' logs, found as CloudWatch Logs finds them: FilterLogEvents, with quoted terms.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

KEPT = 50_000  # lines
PAGE = 1000


def log_group(function: str) -> str:
    """Return the name of a function's log group."""
    return f"/aws/lambda/{function}"


class LogLines:
    """The newest JSON lines that name their function (``service``). Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[tuple[int, str, str]] = deque(maxlen=KEPT)

    def feed(self, line: str) -> None:
        """Add a line; metrics, and what is no line of a function, are ignored."""
        if not line.startswith("{") or '"_aws"' in line:
            return
        try:
            service = json.loads(line)["service"]
        except (ValueError, KeyError, TypeError):
            return
        with self._lock:
            self._lines.append((int(time.time() * 1000), log_group(str(service)), line))

    def filter(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer FilterLogEvents: every quoted term of the pattern must be in the line."""
        terms = re.findall(r'"([^"]*)"', request.get("filterPattern", ""))
        since, until = request.get("startTime", 0), request.get("endTime", float("inf"))
        first = int(request.get("nextToken", 0))
        with self._lock:
            wanted = [
                {"timestamp": at, "message": line}
                for at, group, line in self._lines
                if group == request.get("logGroupName") and since <= at <= until and all(term in line for term in terms)
            ]
        page = wanted[first : first + PAGE]
        more = {"nextToken": str(first + PAGE)} if len(wanted) > first + PAGE else {}
        return {"events": page, **more}
