"""A log line per record and user, and per refresh, where ``broker:record_logs`` is on. No mpid and no item is in them.

`./broker why --deep` finds a user's lines by the correlation id.
"""

import functools
from collections.abc import Callable
from typing import Any

from broker.clients import Aws
from broker.clock import Clock
from broker.correlation import CorrelationIds
from broker.failures import Failure
from broker.telemetry import Counts

RECORD, REFRESH, OFF = "record", "refresh", "records are not logged"  # the messages of the lines
IdOf = Callable[[int], str]
Line = dict[str, Any]


class RecordLog:
    """Adds the lines of one function to the counts of an invocation. What it can't do holds nothing up."""

    def __init__(self, ids: CorrelationIds) -> None:
        self._ids = ids

    def add(self, lines: Callable[[IdOf], list[Line]], deadline: float, counts: Counts) -> None:
        """Add what ``lines`` makes of mpid → correlation id, or a line that says why there is none."""
        try:
            counts.lines += lines(self._ids.of(deadline))
        except Failure as failure:
            counts.lines.append({"message": OFF, "reason": str(failure)})


def record_log(aws: Aws, table: str | None, clock: Clock) -> RecordLog | None:
    """Return the log of a function with a table of keys, None where records are not logged."""
    if table is None:
        return None
    return RecordLog(CorrelationIds(functools.cache(lambda: aws.client("dynamodb")), table, clock))
