"""The retry rule. Each system's module has its own numbers for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from broker.clock import Clock
from broker.failures import Unavailable

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """A bound on attempts and on time, with exponential backoff and full jitter; ``base`` and ``cap`` are seconds."""

    attempts: int = 4
    base: float = 0.2
    cap: float = 3.0

    def call(self, action: Callable[[], T], clock: Clock, deadline: float) -> T:
        """Return what ``action()`` returns, and call it again while it raises Unavailable.

        No call starts at or after ``deadline`` (epoch seconds). Raises the last Unavailable, and any other exception
        at once.
        """
        for attempt in range(1, self.attempts + 1):
            if clock.now() >= deadline:
                raise Unavailable("no time left for another call")
            try:
                return action()
            except Unavailable as failure:
                pause = max(failure.retry_after or 0, clock.jitter() * min(self.cap, self.base * 2**attempt))
                if attempt == self.attempts or clock.now() + pause >= deadline:
                    raise
            clock.sleep(pause)
        raise AssertionError("a retry rule has at least one attempt")
