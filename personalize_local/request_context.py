"""What one request sees of the world: one time, and the ids and lags that it draws.

All of it is kept, so that a request that is replayed from the journal has the same outcome as the first time.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any


class RequestContext:
    """The present request's time and chance. ``drawn`` lists what was drawn since it began."""

    def __init__(self, clock: Callable[[], float], lag: Callable[[], float], new_id: Callable[[], str]) -> None:
        """``clock()``: epoch seconds; ``lag()``: seconds until an event is visible; ``new_id()``: a new UUID."""
        self._clock = clock
        self._lag = lag
        self._new_id = new_id
        self._recorded: deque[Any] = deque()
        self.drawn: list[Any] = []
        self.at = clock()

    def begin(self) -> None:
        """Start a request that comes in now."""
        self.at = self._clock()
        self.drawn = []

    def replay(self, at: float, drawn: Iterable[Any]) -> None:
        """Start a request that came in at ``at`` and drew those values."""
        self.at = at
        self.drawn = []
        self._recorded = deque(drawn)

    def now(self) -> float:
        """Return the request's time in epoch seconds."""
        return self.at

    def new_id(self) -> str:
        """Return a new UUID."""
        return str(self._draw(self._new_id))

    def lag(self) -> float:
        """Return the seconds until the next event is visible."""
        return float(self._draw(self._lag))

    def first(self, value: float) -> float:
        """Return what this was when the request first came in: options of the service may be others by now."""
        return float(self._draw(lambda: value))

    def _draw(self, source: Callable[[], Any]) -> Any:
        value = self._recorded.popleft() if self._recorded else source()
        self.drawn.append(value)
        return value
