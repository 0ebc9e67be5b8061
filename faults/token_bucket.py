"""The rate limits of the local services: a bucket of tokens, one token per call or per batch. No real time."""

import math
from collections.abc import Callable


class TokenBucket:
    """A bucket that holds a second's worth of tokens and refills steadily. Not thread-safe: its owner locks.

    ``clock()``: seconds.
    """

    def __init__(self, per_second: float, *, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._clock = clock
        self._tokens = per_second
        self._filled = clock()

    def take(self, tokens: int = 1) -> int:
        """Take ``tokens`` and return 0, or take none and return the whole seconds to wait (Retry-After).

        A request larger than the bucket passes when the bucket is full, and empties it below zero.
        """
        now = self._clock()
        self._tokens = min(self._per_second, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now
        needed = min(tokens, self._per_second)
        if self._tokens < needed:
            return max(1, math.ceil((needed - self._tokens) / self._per_second))
        self._tokens -= tokens
        return 0

    def percentage_used(self) -> int:
        """Return how much of the bucket is used."""
        return round(100 * (1 - max(self._tokens, 0.0) / self._per_second))
