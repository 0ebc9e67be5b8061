"""How fast one process may call one system: its share of a quota, corrected by what the system refuses.

Additive increase, multiplicative decrease: processes that do so share a quota fairly without knowing of each other
(Chiu and Jain, 1989). The longer nothing is refused, the faster a rate grows: it is back within half a minute after the
system has refused nearly everything, and what other processes leave unused is taken up as soon.
"""

import math
import threading
from dataclasses import dataclass, replace

from broker.clock import Clock
from broker.failures import Unavailable

BURST = 1.0  # seconds: for so long unused calls are kept for later
INCREASE = 0.05  # of the rate that was refused last, per second in which calls have to wait for their turn
INCREASE_PER_CALL = 0.02  # at most: at a call in two seconds, one in twenty is then refused
DECREASE = 0.7
OUTAGE = 5.0  # seconds of refusals with no acceptance among them: these say nothing of the quota
AFTER_AN_OUTAGE = 0.5  # of the rate before it
FASTER_AFTER = 0.5  # of the rate that was refused last, regained without a refusal: from then on increases grow
DOUBLING = 0.1  # of that rate, with each of which the increases double
MOST_DOUBLINGS = 30
BASE = 0.4  # of the share: increases are at least as large as if this rate had been refused last
CALM = 0.2  # seconds after a decrease without another one: what is refused then was sent before it
SLOWING_DOWN = 5.0  # seconds after a decrease
LEAST = 0.01  # of the share
LONGEST = 10.0  # seconds that one call takes up, however many it counts as: else a small share refuses all others


@dataclass(frozen=True)
class Calls:
    """How many calls were made, retries and probes included, and how many of them were refused for their rate."""

    made: int = 0
    throttled: int = 0


class RateLimiter:
    """Paces calls; every method may be called from several threads.

    ``quota``: calls per second of all ``processes`` together. A process begins with an equal share, and never makes
    more than the whole.
    """

    def __init__(self, quota: float, processes: int, clock: Clock) -> None:
        self._quota = quota
        self._share = quota / processes
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = -math.inf  # the newest time
        self._next = 0.0  # epoch seconds at which the next call is due
        self._decreased_at = 0.0
        self._regained = 0.0  # of the rate that was refused last, since then
        self._before_refusals = 0.0  # the rate
        self._refused_since: float | None = None  # nothing has been accepted since
        self._calls = Calls()
        self.rate = self._refused_at = self._share

    def wait(self, deadline: float, calls: int = 1) -> None:
        """Wait until ``calls`` calls are due. Raises Unavailable at once where that is at ``deadline`` or later."""
        pause = self.reserve(deadline, calls)
        if pause > 0:
            self._clock.sleep(pause)

    def reserve(self, deadline: float, calls: int = 1) -> float:
        """Return the seconds until ``calls`` calls are due, and count them as made. Raises Unavailable as ``wait``."""
        with self._lock:
            now = self._now()
            due = max(self._next, now - BURST)
            if due >= deadline:
                raise Unavailable("the rate leaves no time for another call")
            self._next = due + min(calls / self.rate, LONGEST)
            self._calls = replace(self._calls, made=self._calls.made + calls)
            return max(due - now, 0.0)

    def accepted(self, calls: int = 1) -> None:
        """Count calls that the system accepted: the rate grows while calls have to wait for their turn."""
        with self._lock:
            self._end_outage()
            if self._next > self._now():
                increase = min(INCREASE * calls / self.rate, INCREASE_PER_CALL)
                self._regained += increase
                doublings = max(0.0, self._regained - FASTER_AFTER) / DOUBLING
                base = max(self._refused_at, BASE * self._share)
                self.rate = min(self._quota, self.rate + base * increase * 2 ** min(doublings, MOST_DOUBLINGS))

    def throttled(self, calls: int = 1) -> None:
        """Count ``calls`` calls that the system refused for its rate."""
        with self._lock:
            now = self._now()
            self._calls = replace(self._calls, throttled=self._calls.throttled + calls)
            if now - self._decreased_at >= max(CALM, 1 / self.rate):
                self._refused_at = self.rate
                if self._refused_since is None:
                    self._before_refusals, self._refused_since = self.rate, now
                self.rate = max(LEAST * self._share, DECREASE * self.rate)
                self._decreased_at, self._regained = now, 0.0
                self._next = max(self._next, now)

    def is_slowing_down(self) -> bool:
        """Return whether the rate was decreased within the last seconds."""
        with self._lock:
            return self._now() - self._decreased_at < SLOWING_DOWN

    def take_calls(self) -> Calls:
        """Return what was counted since this was asked last."""
        with self._lock:
            calls, self._calls = self._calls, Calls()
            return calls

    def divide(self, processes: int) -> None:
        """Take one share of the quota for each process; what was learned about the rate is kept in proportion."""
        share = self._quota / processes
        with self._lock:
            if share != self._share:
                self.rate = min(self._quota, self.rate * share / self._share)
                self._share = share

    def _end_outage(self) -> None:
        """Take the rate up again where everything was refused for a while. The caller holds the lock."""
        if self._refused_since is None:
            return
        now, since, self._refused_since = self._now(), self._refused_since, None
        rate = AFTER_AN_OUTAGE * self._before_refusals
        if now - since >= OUTAGE and rate > self.rate:
            self.rate = rate
            self._next = min(self._next, now + 1 / rate)

    def _now(self) -> float:
        """Return the time. Where the clock was set back, what is due moves with it. The caller holds the lock."""
        now = self._clock.now()
        if now < self._seen:
            self._next -= self._seen - now
            self._decreased_at -= self._seen - now
        self._seen = now
        return now
