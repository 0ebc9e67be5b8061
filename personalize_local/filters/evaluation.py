"""The items, actions or users that a bound expression allows, in one state of their records."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from personalize_local.filters.conditions import holds
from personalize_local.filters.search import KEPT, Catalogue, Ids, ItemSearch
from personalize_rules.filters.syntax import (
    ACTION_INTERACTIONS,
    ANY_TYPE,
    INCLUDE,
    INTERACTIONS,
    Condition,
    Part,
)
from recommender_models.interactions import Interaction

NO_ITEMS: Ids = frozenset()
# Interactions per user and event type that filters look at (Amazon Personalize, quotas): with items, and with actions.
MOST_RECENT, MOST_RECENT_ACTIONS = 100, 300


@dataclass(frozen=True, slots=True)
class Selection:
    """The ids of ``included`` (None: all) without those of ``excluded`` and ``taken``; an id may be in all.

    ``taken``: of one user, and few. A set of thousands is that of all users, and must stay the same object: a model
    looks its items up once.
    """

    included: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    def allows(self, item_id: str) -> bool:
        """Return whether an item, an action or a user passes."""
        left_out = item_id in self.excluded or item_id in self.taken
        return not left_out and (self.included is None or item_id in self.included)


class BoundExpression:
    """An expression without parameters; it caches the ids that its conditions match in the newest catalogue."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self._searches = [ItemSearch(part) for part in parts]
        self._needs_history = any(part.dataset != part.subject.records for part in parts)

    def select(
        self,
        items: Catalogue,
        history: Sequence[Interaction],
        user: Mapping[str, object] | None,
        current_item: str | None = None,
        most_recent: int = MOST_RECENT,
    ) -> Selection:
        """Return the items that may be recommended to the user with this ``history`` (in any order).

        A part whose IF does not hold for ``user`` is left out. ``current_item`` is the item of a request for related
        items; without it an expression with CurrentItem raises InvalidInput. In a filter for actions, these are the
        items of ``items`` and ``history``.
        """
        dataset = self.parts[0].subject.interactions if self.parts else INTERACTIONS
        by_type = items_by_type(history, most_recent, dataset) if self._needs_history else {}
        return self.among(items, by_type, user, current_item)

    def among(
        self,
        records: Catalogue,
        by_type: Mapping[str, Set[str]],
        user: Mapping[str, object] | None = None,
        current_item: str | None = None,
    ) -> Selection:
        """Return which ids pass, given those that have an interaction of each event type, case-folded.

        The union of the EXCLUDE parts is subtracted from the union of the INCLUDE parts ("Combining multiple
        expressions").
        """
        included: list[Ids] = []
        excluded: dict[bool, list[Ids]] = {True: [], False: []}  # by whether they are of records
        for part, search in zip(self.parts, self._searches, strict=True):
            if all(holds(condition, user or {}) for condition in part.when):
                of_records = part.dataset == part.subject.records
                ids = search.among(records, current_item) if of_records else ids_of_types(part.alternatives, by_type)
                (included if part.action == INCLUDE else excluded[of_records]).append(ids)
        return Selection(_union(included) if included else None, *(_union(sets) for sets in excluded.values() if sets))


def _union(sets: list[Ids]) -> Ids:
    return sets[0] if len(sets) == 1 else _joined(*sets)


@lru_cache(KEPT)
def _joined(*sets: Ids) -> Ids:
    """Return the union of some sets; the same object for the same sets."""
    return NO_ITEMS.union(*sets)


def items_by_type(history: Sequence[Interaction], most_recent: int, dataset: str = INTERACTIONS) -> dict[str, set[str]]:
    """Return case-folded event type → the items of its newest interactions."""
    of_type: dict[str, list[Interaction]] = defaultdict(list)
    for interaction in history:
        of_type[type_key(interaction.event_type, dataset)].append(interaction)
    return {
        event_type: {interaction.item for interaction in _newest(own, most_recent)}
        for event_type, own in of_type.items()
    }


def _newest(interactions: list[Interaction], most: int) -> list[Interaction]:
    return interactions if len(interactions) <= most else sorted(interactions, key=attrgetter("time"))[-most:]


def type_key(event_type: str, dataset: str = INTERACTIONS) -> str:
    """Return what the same event type has in common, however it is written.

    The API's ``Not Taken`` of an action is ``NOT_TAKEN`` in AWS's examples of filters.
    """
    key = event_type.casefold()
    return key.replace(" ", "_") if dataset == ACTION_INTERACTIONS else key


def ids_of_types(alternatives: tuple[tuple[Condition, ...], ...], by_type: Mapping[str, Set[str]]) -> frozenset[str]:
    """Return the ids with an interaction for each condition of at least one alternative.

    NOT IN is about single interactions: an item counts if the user did something else with it than what is listed.
    """
    ids: frozenset[str] = frozenset()
    for conjunction in alternatives:
        first, *others = (_ids(condition, by_type) for condition in conjunction)
        ids |= first.intersection(*others)
    return ids


def _ids(condition: Condition, by_type: Mapping[str, Set[str]]) -> frozenset[str]:
    types = {type_key(str(value), condition.field.dataset) for value in condition.values}
    listed = by_type.keys() if ANY_TYPE in types else by_type.keys() & types
    event_types = listed if condition.operator == "IN" else by_type.keys() - listed
    return frozenset().union(*(by_type[event_type] for event_type in event_types))
