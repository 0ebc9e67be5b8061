"""The items of a shopper's recent interactions, by event type."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import attrgetter

from personalize_local.data.interactions import Interaction
from personalize_local.filters.syntax import ANY_TYPE, Condition

MOST_RECENT = 100  # interactions per user and event type that filters look at (Amazon Personalize, quotas)


def items_by_type(history: Sequence[Interaction], most_recent: int) -> dict[str, set[str]]:
    """Return event type, case folded -> the items of its newest interactions."""
    of_type: dict[str, list[Interaction]] = defaultdict(list)
    for interaction in history:
        of_type[interaction.event_type.casefold()].append(interaction)
    return {event_type: {one.item for one in _newest(own, most_recent)} for event_type, own in of_type.items()}


def _newest(interactions: list[Interaction], most: int) -> list[Interaction]:
    return interactions if len(interactions) <= most else sorted(interactions, key=attrgetter("time"))[-most:]


def items_of_types(alternatives: tuple[tuple[Condition, ...], ...], by_type: Mapping[str, set[str]]) -> frozenset[str]:
    """Return the items that, for one of the alternatives, have an interaction for each of its conditions.

    NOT IN is about single interactions: an item counts if the shopper did something else with it than what is listed.
    """
    found: frozenset[str] = frozenset()
    for conjunction in alternatives:
        first, *others = (_items(condition, by_type) for condition in conjunction)
        found |= first.intersection(*others)
    return found


def _items(condition: Condition, by_type: Mapping[str, set[str]]) -> frozenset[str]:
    types = {str(value).casefold() for value in condition.values}
    listed = by_type.keys() if ANY_TYPE in types else by_type.keys() & types
    wanted = listed if condition.operator == "IN" else by_type.keys() - listed
    return frozenset().union(*(by_type[event_type] for event_type in wanted))
