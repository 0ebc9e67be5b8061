"""The context of one request: its time, its region, and the ids and lags that it draws.

The journal keeps all of it, so that a replayed request has the same outcome as the first time.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from personalize_local import region


class RequestContext:
    """The current request's time, region and random values. ``drawn`` lists the values drawn since it began."""

    def __init__(self, clock: Callable[[], float], lag: Callable[[], float], new_id: Callable[[], str]) -> None:
        """``clock()``: epoch seconds; ``lag()``: seconds until an event is visible; ``new_id()``: a new UUID."""
        self._clock = clock
        self._lag = lag
        self._new_id = new_id
        self._recorded: deque[Any] = deque()
        self.drawn: list[Any] = []
        self.at = clock()
        self.region = region.DEFAULT
        self.is_replay = False

    def begin(self, signed_for: str = region.DEFAULT) -> None:
        """Begin a request that comes in now, for a region."""
        self.is_replay = False
        self.at = self._clock()
        self.region = signed_for
        self.drawn = []

    def replay(self, at: float, drawn: Iterable[Any], signed_for: str) -> None:
        """Begin a request that came in at ``at`` for a region, and drew these values."""
        self.is_replay = True
        self.at = at
        self.region = signed_for
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
        """Return the value of an option when the request first came in; in a replay the option may have changed."""
        return float(self._draw(lambda: value))

    def first_text(self, text: str) -> str:
        """Return a text as it was when the request first came in; in a replay it may have changed."""
        return str(self._draw(lambda: text))

    def _draw(self, source: Callable[[], Any]) -> Any:
        value = self._recorded.popleft() if self._recorded else source()
        self.drawn.append(value)
        return value
