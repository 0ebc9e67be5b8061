"""The accepted deliveries, for whoever watches the service; where its data stays for years, the newest ones only."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

KEPT = 100_000  # deliveries in memory, at least, where there is a limit
SAVED = 10_000  # in a snapshot: as many as one page shows


class Delivery(NamedTuple):
    """One accepted event, in the names of PutEvents; repeated deliveries stand in the ledger as often as they came."""

    number: int
    trackingId: str
    userId: str | None
    sessionId: str
    eventId: str | None
    eventType: str
    itemId: str | None
    sentAt: float
    eventValue: float | None
    recommendationId: str | None
    impression: tuple[str, ...]
    eventAttributionSource: str | None
    received_at: float


class Ledger:
    """``accepted``: the number of all deliveries. ``dropped``: events of lost sessions.

    ``limited``: whether only the newest are kept.
    """

    def __init__(self) -> None:
        self._newest: list[Delivery] = []
        self._gone: dict[str, int] = {}  # users without a name in snapshots, up to which delivery
        self.limited = False
        self.accepted = 0
        self.dropped = 0

    def add(self, **event: Any) -> None:
        """Add a delivery: the values of ``Delivery`` without its number."""
        self.accepted += 1
        self._newest.append(Delivery(number=self.accepted, **event))
        if self.limited and len(self._newest) > 2 * KEPT:
            del self._newest[:KEPT]

    def page(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Return at most ``limit`` of the kept deliveries whose number is above ``after``, in order."""
        first = self._newest[0].number if self._newest else 1
        start = max(0, after + 1 - first)
        return [delivery._asdict() for delivery in self._newest[start : start + limit]]

    def forget(self, users: Collection[str]) -> None:
        """Leave some users' names and sessions out of what is saved; who watches sees them until the service ends."""
        self._gone |= dict.fromkeys(users, self.accepted)

    def save(self, path: Path) -> None:
        """Write the counts and the newest deliveries."""
        newest = [
            _nameless(each) if each.number <= self._gone.get(each.userId or "", 0) else each
            for each in self._newest[-SAVED:]
        ]
        path.write_text(json.dumps({"accepted": self.accepted, "dropped": self.dropped, "newest": newest}))

    def load(self, path: Path) -> None:
        """Become what was saved."""
        saved = json.loads(path.read_text())
        self.accepted, self.dropped = saved["accepted"], saved["dropped"]
        rows = ([*row[:10], tuple(row[10]), *row[11:]] for row in saved["newest"])
        self._newest = [Delivery(*row) for row in rows]


def _nameless(delivery: Delivery) -> Delivery:
    return delivery._replace(userId=None, sessionId="", eventId=None)
