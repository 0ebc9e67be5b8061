"""Virtual time for threads: one of them runs at a time, and whoever waits lets the one that is due next run."""

import heapq
import itertools
import threading
from collections.abc import Callable


class Over(BaseException):
    """The time is over. No ``except Exception`` of the product sees this."""


class Turns:
    """A clock in epoch seconds that jumps. The same threads take the same turns each time."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.failed: list[BaseException] = []
        self._over = False
        self._due: list[tuple[float, int, threading.Semaphore]] = []
        self._order = itertools.count()
        self._threads: list[threading.Thread] = []

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""
        if self._over:
            raise Over
        mine = self._queue(seconds)
        self._next()
        mine.acquire()
        if self._over:
            raise Over

    def start(self, action: Callable[[], None]) -> None:
        """Let an action begin, in a thread of its own, when the one that runs now waits."""
        mine = self._queue(0)

        def run() -> None:
            mine.acquire()
            try:
                if not self._over:
                    action()
            except Over:
                pass
            except BaseException as error:
                self.failed.append(error)
            self._next()

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def run(self, done: Callable[[], bool], limit: float) -> None:
        """Let time pass until ``done()``, or for so many seconds; then end all threads. Raises what one of them did."""
        end = self.now + limit
        while not (done() or self.failed or self.now >= end):
            self.wait(1.0)
        self._over = True
        for _, _, gate in self._due:
            gate.release()
        for thread in self._threads:
            thread.join()
        if self.failed:
            raise self.failed[0]

    def _queue(self, seconds: float) -> threading.Semaphore:
        mine = threading.Semaphore(0)
        heapq.heappush(self._due, (self.now + seconds, next(self._order), mine))
        return mine

    def _next(self) -> None:
        """Let the one run that is due next."""
        if self._due and not self._over:
            due, _, gate = heapq.heappop(self._due)
            self.now = max(self.now, due)
            gate.release()
