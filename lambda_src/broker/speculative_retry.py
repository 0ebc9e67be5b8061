"""When a late call is cut short so that its retry starts early: "The Tail at Scale", Dean and Barroso, 2013.

Both of Personalize's calls are safe to repeat, and their services answer within a fraction of a second. So one that has
no answer after a second has most likely hung, and a new one is answered sooner. If the service itself is slow, this
would only add to its load: hence the budget.
"""

import threading
from typing import Any

from broker.failures import Unavailable, aws_call
from broker.rate_limit import RateLimiter

BUDGET = 0.01  # of all calls
MAX_CREDIT = 10.0  # calls in a row that may be cut short after a long time without any


class SpeculativeRetry:
    """Makes the calls of one service by one of two boto3 clients, which differ in their read timeout alone.

    ``impatient`` has the shorter one. It makes the calls while the budget lasts, but not before the first call of this
    process is answered, since setting up TLS takes long on a fraction of a processor, and not while ``pace`` slows
    down. Without it ``client`` makes all calls.
    """

    def __init__(self, client: Any, impatient: Any = None, pace: RateLimiter | None = None) -> None:
        self._client = client
        self._impatient = impatient
        self._pace = pace
        self._lock = threading.Lock()
        self._answered = False
        self._credit = 1.0

    def call(self, operation: str, **request: Any) -> Any:
        """Return the answer. Raises Failure; a retry of what was cut short is the caller's."""
        cut_short = self._may_cut_short()
        try:
            answer = aws_call(getattr(self._impatient if cut_short else self._client, operation), **request)
        except Unavailable as failure:
            if cut_short and failure.timed_out:
                with self._lock:
                    self._credit -= 1
            raise
        self._answered = True
        return answer

    def _may_cut_short(self) -> bool:
        if self._impatient is None or not self._answered or (self._pace and self._pace.is_slowing_down()):
            return False
        with self._lock:
            self._credit = min(MAX_CREDIT, self._credit + BUDGET)
            return self._credit >= 1
