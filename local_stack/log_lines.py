"""The newest lines of the functions' logs, found as CloudWatch Logs finds them: FilterLogEvents, with terms.

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
        self._fed = 0

    def feed(self, line: str) -> None:
        """Add a line; metrics, and what is no line of a function, are ignored."""
        if not line.startswith("{") or '"_aws"' in line:
            return
        try:
            service = json.loads(line)["service"]
        except (ValueError, KeyError, TypeError):
            return
        with self._lock:
            self._fed += 1
            self._lines.append((int(time.time() * 1000), log_group(str(service)), line))

    def filter(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer FilterLogEvents: every term of the pattern, a word or quoted, must be in the line."""
        terms = [quoted or word for quoted, word in re.findall(r'"([^"]*)"|(\S+)', request.get("filterPattern", ""))]
        since, until = request.get("startTime", 0), request.get("endTime", float("inf"))
        first = int(request.get("nextToken", 0))
        with self._lock:
            before = self._fed - len(self._lines)
            wanted = [
                _event(before + number, at, line)
                for number, (at, group, line) in enumerate(self._lines)
                if group == request.get("logGroupName") and since <= at <= until and all(term in line for term in terms)
            ]
        page = wanted[first : first + PAGE]
        more = {"nextToken": str(first + PAGE)} if len(wanted) > first + PAGE else {}
        return {"events": page, **more}


def _event(number: int, at: int, line: str) -> dict[str, Any]:
    # `aws logs tail` reads all of these fields.
    return {"eventId": str(number), "logStreamName": "local", "timestamp": at, "ingestionTime": at, "message": line}
