"""A bounded memory of what this process did, so that a repeat costs nothing. Correctness never depends on it."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class LruCache(Generic[V]):
    """The newest ``size`` keys with a value each."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[str, V] = OrderedDict()

    def remember(self, key: str, value: V) -> None:
        """Keep a key; the one remembered longest ago is forgotten when there are too many."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._size:
            self._values.popitem(last=False)

    def get(self, key: str) -> V | None:
        """Return the key's value, or None."""
        return self._values.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._values
