"""Which rejected events may be bad or may wait for a setting: since when, and which of them wait no longer.

Best effort: a new process starts to count again.
"""

from collections.abc import Sequence

from broker.lru_cache import LruCache

PATIENCE = 15 * 60  # seconds from the first rejection, in which an operator may correct a schema or a tracker
MOST = 20  # per invocation: a wrong setting that nobody corrects must not empty the stream into the quarantine


class UnprovenEvents:
    """Remembers at most ``size`` events by their id."""

    def __init__(self, size: int) -> None:
        self._since: LruCache[float] = LruCache(size)
        self._given_up: LruCache[None] = LruCache(size)

    def __contains__(self, event_id: str) -> bool:
        """Return whether an event was given up."""
        return event_id in self._given_up

    def due(self, event_ids: Sequence[str], now: float) -> list[str]:
        """Return which of the rejected events have waited long enough; ``now`` in epoch seconds."""
        for event_id in event_ids:
            if event_id not in self._since:
                self._since.remember(event_id, now)
        return [event_id for event_id in event_ids if now - (self._since.get(event_id) or now) >= PATIENCE][:MOST]

    def give_up(self, event_ids: Sequence[str]) -> None:
        """Remember events that are in quarantine now, so that they are not sent again with the rest of their record."""
        for event_id in event_ids:
            self._given_up.remember(event_id, None)
