"""Which of the rejected events are bad, and which may be fine: the probes of one event tracker show it."""

from collections.abc import Iterable, Mapping, Sequence

from broker.clock import Clock
from broker.delivery import is_accepted
from broker.interactions import Interaction
from broker.personalize import EventTracker
from broker.probe import PROBE, Kind, kind_of, probe


class TrackerProbe:
    """Sends the probes of one event tracker. It remembers the item ids of accepted events, and nothing else of them."""

    def __init__(self, tracker: EventTracker, event_types: Iterable[str], clock: Clock) -> None:
        self._tracker = tracker
        self._plain = [Kind(event_type) for event_type in event_types]
        self._clock = clock
        self._items: dict[Kind, str] = {}

    def remember(self, accepted: Iterable[Interaction]) -> None:
        """Keep the item of the newest accepted interaction of each kind."""
        for interaction in accepted:
            self._items[kind_of(interaction)] = interaction.item_id

    def unproven(self, rejected: Sequence[Interaction], deadline: float) -> set[Interaction] | None:
        """Return the rejected interactions of a kind whose probe is rejected as well; None if every probe is.

        Other kinds are probed only where no kind of the rejected is proven. Raises Unavailable, Misconfigured.
        """
        items = {kind_of(interaction): interaction.item_id for interaction in reversed(rejected)}
        proven = {kind for kind, item in items.items() if self._is_accepted(kind, item, deadline)}
        if not proven and not any(self._is_accepted(kind, PROBE, deadline) for kind in self._others(items)):
            return None
        return {interaction for interaction in rejected if kind_of(interaction) not in proven}

    def _is_accepted(self, kind: Kind, item: str, deadline: float) -> bool:
        """Try an item that was accepted before; without one, try ``item`` and then an item that does not exist."""
        known = self._items.get(kind) or next(reversed(self._items.values()), None)
        candidates = [known] if known else dict.fromkeys([item, PROBE])
        return any(self._accepts(kind, candidate, deadline) for candidate in candidates)

    def _accepts(self, kind: Kind, item: str, deadline: float) -> bool:
        return is_accepted(lambda: self._tracker.put([probe(kind, item, self._clock.now())], deadline))

    def _others(self, kinds: Mapping[Kind, str]) -> list[Kind]:
        """Return the other kinds, the likeliest to work first."""
        swapped = [_neighbour(kind) for kind in kinds]
        return [kind for kind in dict.fromkeys([*reversed(self._items), *swapped, *self._plain]) if kind not in kinds]


def _neighbour(kind: Kind) -> Kind:
    """Return the kind that may work where this one does not: without a list, or else the other one about the value."""
    return Kind(kind.event_type, kind.has_value if kind.has_list else not kind.has_value)
