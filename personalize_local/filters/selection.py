"""Which items a filter lets through: what the models take, whatever made it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """The items of ``included`` (None: all items) without those of ``excluded``; an item may be in both."""

    included: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()

    def allows(self, item_id: str) -> bool:
        """Return whether an item passes."""
        return item_id not in self.excluded and (self.included is None or item_id in self.included)
