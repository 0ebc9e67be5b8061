"""mParticle's rate limit, as a bucket of tokens: one token per batch."""

import math
from collections.abc import Callable

BATCHES_PER_SECOND = 270.0
"""mParticle's default (docs.mparticle.com/guides/default-service-limits/)."""


class RateLimit:
    """A bucket that holds a second's worth of batches and refills steadily. Not thread-safe: its owner locks."""

    def __init__(self, per_second: float, *, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._clock = clock
        self._tokens = per_second
        self._filled = clock()

    def take(self, batches: int) -> int:
        """Take ``batches`` tokens and return 0, or take none and return the whole seconds to wait (Retry-After).

        A request larger than the bucket passes when the bucket is full, and empties it below zero.
        """
        now = self._clock()
        self._tokens = min(self._per_second, self._tokens + (now - self._filled) * self._per_second)
        self._filled = now
        needed = min(batches, self._per_second)
        if self._tokens < needed:
            return max(1, math.ceil((needed - self._tokens) / self._per_second))
        self._tokens -= batches
        return 0

    def percentage_used(self) -> int:
        """Return how much of the bucket is used: the header ``X-mp-rate-limit-percentage-used``."""
        return round(100 * (1 - max(self._tokens, 0.0) / self._per_second))
