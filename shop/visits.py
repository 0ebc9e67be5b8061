"""What the shop's server remembers of each browser: cart, wish list, who it is, and what the next page has to report.

It is kept in memory, by the number in the browser's cookie, and ends with the shop.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from shop.events import Event

KEPT = 10_000
MOST_LINES, MOST_QUANTITY = 50, 99
REPORTED_AT_ONCE = 20


@dataclass
class Visit:
    """One browser. ``mpid``: as the SDK said; ``customer_id``: who has signed in."""

    id: str
    mpid: str | None = None
    customer_id: str | None = None
    cart: dict[str, int] = field(default_factory=dict)
    wishes: dict[str, None] = field(default_factory=dict)
    orders: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    unreported: list[Event] = field(default_factory=list)

    def put(self, item_id: str) -> None:
        """Put one into the cart."""
        if item_id in self.cart or len(self.cart) < MOST_LINES:
            self.cart[item_id] = min(self.cart.get(item_id, 0) + 1, MOST_QUANTITY)

    def wish(self, item_id: str) -> None:
        """Put an item on the wish list."""
        if len(self.wishes) < MOST_LINES:
            self.wishes[item_id] = None

    def order(self) -> tuple[str, dict[str, int]]:
        """Empty the cart into a new order; return its number and lines."""
        placed = f"I4U-{self.id[:6]}-{len(self.orders) + 1}", dict(self.cart)
        self.orders.append(placed)
        self.cart.clear()
        return placed

    def report(self, event: Event) -> None:
        """Let the next page report an event."""
        self.unreported = [*self.unreported, event][-REPORTED_AT_ONCE:]

    def to_report(self) -> list[Event]:
        """Return what is to be reported, once."""
        events, self.unreported = self.unreported, []
        return events

    def is_somebody_else(self) -> None:
        """Forget everything of the person before."""
        self.mpid = self.customer_id = None
        for held in (self.cart, self.wishes, self.orders, self.unreported):
            held.clear()


class Visits:
    """All visits, the newest KEPT of them. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._visits: OrderedDict[str, Visit] = OrderedDict()

    def of(self, cookie: str | None) -> Visit:
        """Return the visit of a cookie; a new one if there is none."""
        with self._lock:
            visit = self._visits.pop(cookie or "", None) or Visit(secrets.token_urlsafe(12))
            self._visits[visit.id] = visit
            while len(self._visits) > KEPT:
                self._visits.popitem(last=False)
            return visit
