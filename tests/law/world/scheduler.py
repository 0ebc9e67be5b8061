"""Virtual time: what is due when, and a clock that jumps to it."""

import heapq
import itertools
import threading
from collections.abc import Callable

Action = Callable[[], None]


class Over(BaseException):
    """The history is over, and so is what is still under way. No ``except Exception`` of the product sees this."""


class _Turn:
    """A thread's turn, which another thread gives it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.give = self._lock.release
        self.take = self._lock.acquire
        self.is_dismissed = False


class Scheduler:
    """A clock in epoch seconds. Whoever waits lets everything else that falls due happen meanwhile.

    So invocations interleave at their calls, in any way, as processes do, and yet each history is one fixed sequence:
    what waits is a thread, and only one of them runs at a time. ``wait`` and ``run_until`` of the thread that made the
    scheduler let the history go on; everything else happens in threads of the scheduler.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self._due: list[tuple[float, int, Action | _Turn]] = []
        self._order = itertools.count()
        self._home = threading.get_ident()
        self._home_turn = _Turn()
        self._is_done: Callable[[], bool] = lambda: False
        self._idle: list[_Turn] = []
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None
        self._is_over = False

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def after(self, seconds: float, action: Action) -> None:
        """Let something happen so many seconds from now."""
        self._push(self.now + seconds, action)

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""
        until = self.now + seconds
        if self._is_over:
            raise Over
        if self._due and self._due[0][0] <= until:
            self._wait_for_turn(until)
        self.now = max(self.now, until)

    def run_until(self, done: Callable[[], bool], limit: float) -> bool:
        """Let things happen until ``done()``; return whether it is, after ``limit`` seconds at most."""
        if not done() and self._due:
            self._is_done = done
            self._wait_for_turn(self.now + limit)
            self._is_done = lambda: False
        return done()

    def end(self) -> None:
        """End all threads."""
        self._is_over = True
        for _, _, waiting in self._due:
            if isinstance(waiting, _Turn):
                waiting.give()
        self._dismiss()
        for thread in self._threads:
            thread.join()

    def _push(self, due: float, action: Action | _Turn) -> None:
        heapq.heappush(self._due, (due, next(self._order), action))

    def _wait_for_turn(self, until: float) -> None:
        """Let other threads go on, and come back when it is this one's turn."""
        is_home = threading.get_ident() == self._home
        turn = self._home_turn if is_home else _Turn()
        self._push(until, turn)
        if self._idle:
            self._idle.pop().give()
        else:
            self._start_thread()
        turn.take()
        if is_home:
            self._dismiss()
            self._due = [due for due in self._due if due[2] is not turn]
            heapq.heapify(self._due)
            if self._error:
                raise self._error
        elif self._is_over:
            raise Over

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._go_on, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _dismiss(self) -> None:
        """Let the threads end that have nothing to do."""
        idle, self._idle = self._idle, []
        for own in idle:
            own.is_dismissed = True
            own.give()

    def _go_on(self) -> None:
        own = _Turn()
        try:
            while not own.is_dismissed:
                other = self._let_things_happen()
                self._idle.append(own)
                other.give()
                own.take()
        except Over:
            pass
        except BaseException as error:  # of the test's own; the thread that made the scheduler raises it
            self._error = error
            self._home_turn.give()

    def _let_things_happen(self) -> _Turn:
        """Return whose turn it is then."""
        while not self._is_done():
            due, _, next_ = heapq.heappop(self._due)
            self.now = max(self.now, due)
            if isinstance(next_, _Turn):
                return next_
            next_()
        return self._home_turn
