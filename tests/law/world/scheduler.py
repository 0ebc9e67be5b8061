"""Virtual time: what is due when, and a clock that jumps to it."""

import heapq
import itertools
from collections.abc import Callable


class Scheduler:
    """A clock in epoch seconds. Whoever waits lets everything else that falls due happen meanwhile, on its own stack.

    So two invocations interleave at their calls, as two processes do, and yet each history is one fixed sequence.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen so many seconds from now."""
        heapq.heappush(self._due, (self.now + seconds, next(self._order), action))

    def wait(self, seconds: float) -> None:
        """Let so much time pass, and longer where something takes longer that began meanwhile."""
        until = self.now + seconds
        while self._due and self._due[0][0] <= until:
            self.run_next()
        self.now = max(self.now, until)

    def run_next(self) -> None:
        """Jump to what is due next and let it happen."""
        due, _, action = heapq.heappop(self._due)
        self.now = max(self.now, due)
        action()

    def run_until(self, done: Callable[[], bool], limit: float) -> bool:
        """Let things happen until ``done()``; return False if it was not after ``limit`` seconds."""
        until = self.now + limit
        while not done():
            if not self._due or self.now > until:
                return False
            self.run_next()
        return True
