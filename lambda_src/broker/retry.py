"""The retry rule. Each system's module has its own numbers for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from broker.clock import Clock
from broker.failures import Failure, Unavailable
from broker.rate_limit import RateLimiter

T = TypeVar("T")


@dataclass(frozen=True)
class Retry:
    """A bound on attempts and on time, with exponential backoff and full jitter; ``base`` and ``cap`` are seconds."""

    attempts: int = 4
    base: float = 0.2
    cap: float = 3.0

    def call(
        self,
        action: Callable[[], T],
        clock: Clock,
        deadline: float,
        pace: RateLimiter | None = None,
        calls: int = 1,
    ) -> T:
        """Return what ``action()`` returns, and call it again while it raises Unavailable.

        No call starts at or after ``deadline`` (epoch seconds). ``pace`` spaces the calls, of which each counts as
        ``calls``. What is throttled in spite of it waits until the deadline, since nothing else could be sent instead:
        this does not count as an attempt. Raises the last Unavailable, and any other exception at once.
        """
        failed = throttled = 0
        may_have_landed = False
        while True:
            try:
                _start(clock, deadline, pace, calls)
            except Unavailable as failure:
                failure.may_have_landed = may_have_landed
                raise
            try:
                result = action()
            except Unavailable as failure:
                failed += 1
                may_have_landed = failure.may_have_landed = may_have_landed or failure.may_have_landed
                if pace and failure.throttled:
                    throttled += 1
                    pace.throttled(calls)
                pause = max(failure.retry_after or 0, clock.jitter() * min(self.cap, self.base * 2**failed))
                if failed - throttled == self.attempts or clock.now() + pause >= deadline:
                    raise
            except Failure as failure:
                failure.may_have_landed = may_have_landed
                raise
            else:
                if pace:
                    pace.accepted(calls)
                return result
            clock.sleep(pause)


def _start(clock: Clock, deadline: float, pace: RateLimiter | None, calls: int) -> None:
    """Wait until a call may start. Raises Unavailable where it never may."""
    if pace and clock.now() < deadline:
        pace.wait(deadline, calls)
    # After the wait, which may have been longer: Lambda stops a process between two invocations.
    if clock.now() >= deadline:
        raise Unavailable("no time left for another call")
