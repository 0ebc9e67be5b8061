"""Production limits, each of which can be disabled, also while the service runs."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from personalize_local.errors import Throttling

# Amazon Personalize, quotas: calls a second. PutItems and PutUsers cannot be raised.
EVENTS_RATE = 1000.0  # PutEvents, per dataset group
RECORDS_RATE = 10.0  # PutUsers and PutItems, each per dataset group
CAMPAIGN_RATE = 500.0  # GetRecommendations and GetPersonalizedRanking, each per campaign
ACCOUNT_RATE = 2500.0  # both together


@dataclass
class Toggles:
    """``throttling``: the real rates. ``deduplication``: a repeated event id counts once in training.
    ``same_second_merging``: so do equal events of one second. ``length_limits``: over-long fields are refused.
    ``minimums``: a training on too little fails, an import of too few rows too."""

    throttling: bool = True
    deduplication: bool = True
    same_second_merging: bool = True
    length_limits: bool = True
    minimums: bool = True


class Throttle:
    """Refuses what comes faster than a rate: a second's worth may come at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock()``: seconds."""
        self._clock = clock
        self._used: dict[Any, tuple[float, float]] = defaultdict(lambda: (0.0, clock()))

    def take(self, rate: float, *key: str) -> None:
        """Count one call against ``rate`` calls a second. Raises Throttling."""
        used, since = self._used[key]
        now = self._clock()
        left_over = max(0.0, used - rate * (now - since))
        if left_over + 1 > rate:
            raise Throttling("Rate exceeded")
        self._used[key] = (left_over + 1, now)
