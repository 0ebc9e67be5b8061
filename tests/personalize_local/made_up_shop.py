"""A shop with shoppers of taste: what they view and buy follows the categories and styles that they like."""

from collections.abc import Iterator

import numpy as np

ITEMS, CATEGORIES, STYLES, SHOPPERS, EVENTS = 300, 12, 5, 220, 2000
VISIT_GAP = 300.0  # seconds; history newer than that before a purchase is the same visit and not shown to the model

Visit = tuple[str, str, float, str]
"""User, item, time, event type."""


class MadeUpShop:
    """``before``: the first 2,000 events; ``after``: the next 1,500."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        category = self._random.integers(0, CATEGORIES, ITEMS)
        style = self._random.integers(0, STYLES, ITEMS)
        fame = np.sqrt(self._random.zipf(1.6, ITEMS).clip(1, 30))
        likes = self._random.dirichlet(np.full(CATEGORIES, 0.25), SHOPPERS)
        fancies = self._random.dirichlet(np.full(STYLES, 0.3), SHOPPERS)
        self._wants = likes[:, category] * fancies[:, style] * fame + 1e-4 * fame
        events: list[Visit] = []
        now = 0.0
        while len(events) < EVENTS + 1500:
            now += self._random.exponential(600)
            events += self._visit(int(self._random.integers(SHOPPERS)), now)
        self.before, self.after = events[:EVENTS], events[EVENTS:]

    def _visit(self, shopper: int, now: float) -> list[Visit]:
        chances = self._wants[shopper] / self._wants[shopper].sum()
        seen = self._random.choice(ITEMS, size=self._random.geometric(0.35), p=chances)
        visit = [(f"u{shopper}", f"i{item:03}", now + step, "view") for step, item in enumerate(seen)]
        if self._random.random() < 0.35:
            visit.append((f"u{shopper}", visit[-1][1], now + len(seen), "buy"))
        return visit

    def purchases(self) -> Iterator[tuple[list[Visit], str]]:
        """Yield each purchase after the first 2,000 events: the shopper's events of earlier visits, and the item."""
        history: dict[str, list[Visit]] = {}
        for event in [*self.before, *self.after]:
            user, item, time, kind = event
            earlier = [past for past in history.get(user, []) if past[2] < time - VISIT_GAP]
            if kind == "buy" and event in self.after and earlier:
                yield earlier, item
            history.setdefault(user, []).append(event)
