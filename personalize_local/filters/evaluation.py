"""The items that a bound expression allows, for one user and one state of the catalogue."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from personalize_local.filters.conditions import holds
from personalize_local.filters.search import Catalogue, Ids, ItemSearch
from personalize_rules.filters.syntax import ANY_TYPE, EXCLUDE, INCLUDE, ITEMS, Condition, Part
from recommender_models.interactions import Interaction

NO_ITEMS: Ids = frozenset()
MOST_RECENT = 100  # interactions per user and event type that filters look at (Amazon Personalize, quotas)


@dataclass(frozen=True, slots=True)
class Selection:
    """The items of ``included`` (None: all items) without those of ``excluded``; an item may be in both."""

    included: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()

    def allows(self, item_id: str) -> bool:
        """Return whether an item passes."""
        return item_id not in self.excluded and (self.included is None or item_id in self.included)


class BoundExpression:
    """An expression without parameters; it caches the items that its conditions match in the newest catalogue."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self._searches = [ItemSearch(part) for part in parts]
        self._needs_history = any(part.dataset != ITEMS for part in parts)

    def select(
        self,
        items: Catalogue,
        history: Sequence[Interaction],
        user: Mapping[str, object] | None,
        current_item: str | None = None,
        most_recent: int = MOST_RECENT,
    ) -> Selection:
        """Return the items that may be recommended to the user with this ``history`` (in any order).

        The union of the EXCLUDE parts is subtracted from the union of the INCLUDE parts ("Combining multiple
        expressions"). A part whose IF does not hold for ``user`` is left out. ``current_item`` is the item of a request
        for related items; without it an expression with CurrentItem raises InvalidInput.
        """
        by_type = items_by_type(history, most_recent) if self._needs_history else {}
        ids_by_action: dict[str, list[Ids]] = {INCLUDE: [], EXCLUDE: []}
        for part, search in zip(self.parts, self._searches, strict=True):
            if all(holds(condition, user or {}) for condition in part.when):
                of_items = part.dataset == ITEMS
                ids = search.among(items, current_item) if of_items else items_of_types(part.alternatives, by_type)
                ids_by_action[part.action].append(ids)
        return Selection(
            _union(ids_by_action[INCLUDE]) if ids_by_action[INCLUDE] else None, _union(ids_by_action[EXCLUDE])
        )


def _union(sets: list[Ids]) -> Ids:
    return sets[0] if len(sets) == 1 else NO_ITEMS.union(*sets)


def items_by_type(history: Sequence[Interaction], most_recent: int) -> dict[str, set[str]]:
    """Return case-folded event type → the items of its newest interactions."""
    of_type: dict[str, list[Interaction]] = defaultdict(list)
    for interaction in history:
        of_type[interaction.event_type.casefold()].append(interaction)
    return {
        event_type: {interaction.item for interaction in _newest(own, most_recent)}
        for event_type, own in of_type.items()
    }


def _newest(interactions: list[Interaction], most: int) -> list[Interaction]:
    return interactions if len(interactions) <= most else sorted(interactions, key=attrgetter("time"))[-most:]


def items_of_types(alternatives: tuple[tuple[Condition, ...], ...], by_type: Mapping[str, set[str]]) -> frozenset[str]:
    """Return the items with an interaction for each condition of at least one alternative.

    NOT IN is about single interactions: an item counts if the user did something else with it than what is listed.
    """
    items: frozenset[str] = frozenset()
    for conjunction in alternatives:
        first, *others = (_items(condition, by_type) for condition in conjunction)
        items |= first.intersection(*others)
    return items


def _items(condition: Condition, by_type: Mapping[str, set[str]]) -> frozenset[str]:
    types = {str(value).casefold() for value in condition.values}
    listed = by_type.keys() if ANY_TYPE in types else by_type.keys() & types
    event_types = listed if condition.operator == "IN" else by_type.keys() - listed
    return frozenset().union(*(by_type[event_type] for event_type in event_types))
