"""Refused events that may be bad or may wait for a setting: since when, and which of them wait no longer.

Best effort: a new process begins to count again.
"""

from collections.abc import Sequence

from broker.lru_cache import LruCache

PATIENCE = 15 * 60  # seconds from the first refusal, in which an operator may put a schema or a tracker right
MOST = 20  # an invocation: a wrong setting that nobody puts right must not empty the stream into the quarantine


class Unproven:
    """Remembers at most ``size`` events by their id."""

    def __init__(self, size: int) -> None:
        self._since: LruCache[float] = LruCache(size)
        self._given_up: LruCache[None] = LruCache(size)

    def __contains__(self, event_id: str) -> bool:
        """Say whether an event was given up."""
        return event_id in self._given_up

    def due(self, event_ids: Sequence[str], now: float) -> list[str]:
        """Return which of the refused events have waited long enough; ``now`` in epoch seconds."""
        for event_id in event_ids:
            if event_id not in self._since:
                self._since.remember(event_id, now)
        return [one for one in event_ids if now - (self._since.get(one) or now) >= PATIENCE][:MOST]

    def give_up(self, event_ids: Sequence[str]) -> None:
        """Remember events that are in quarantine now, so that they are not sent again with the rest of their record."""
        for event_id in event_ids:
            self._given_up.remember(event_id, None)
