"""The batching window: items gather until the batch is full by count or size, or the window's time is over.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Window(Generic[Item]):
    """Items in order of arrival; ``size`` items, ``seconds`` or ``limit_bytes`` close a batch."""

    def __init__(self, size: int, seconds: float, limit_bytes: int, weigh: Callable[[Item], int]) -> None:
        self._size = size
        self._seconds = seconds
        self._limit = limit_bytes
        self._weigh = weigh
        self._items: list[Item] = []
        self._bytes = 0
        self._closes = 0.0

    def __bool__(self) -> bool:
        return bool(self._items)

    def room(self) -> int:
        """Return how many more items fit into the batch."""
        return max(0, self._size - len(self._items))

    def add(self, items: Sequence[Item], now: float) -> None:
        """Add items; the first one opens the window."""
        if items and not self._items:
            self._closes = now + self._seconds
        self._items.extend(items)
        self._bytes += sum(map(self._weigh, items))

    def is_ready(self, now: float) -> bool:
        """Return whether a batch is ready."""
        return bool(self._items) and (self._is_full() or now >= self._closes)

    def due(self, next_look: float) -> float:
        """Return the time of the next action: ``next_look``, or the end of the window if that is earlier."""
        if not self._items:
            return next_look
        return 0.0 if self._is_full() else min(next_look, self._closes)

    def take(self, now: float) -> tuple[Item, ...]:
        """Remove and return the next batch: at least one item, then as many as size and bytes allow.

        The remaining items open a new window.
        """
        count = total = 0
        for item in self._items[: self._size]:
            total += self._weigh(item)
            if count and total > self._limit:
                break
            count += 1
        taken, self._items = tuple(self._items[:count]), self._items[count:]
        self._bytes = sum(map(self._weigh, self._items))
        self._closes = now + self._seconds
        return taken

    def _is_full(self) -> bool:
        return len(self._items) >= self._size or self._bytes >= self._limit
