"""Which items a bound expression lets through, for one shopper and one state of the catalogue."""

from collections.abc import Mapping, Sequence

from personalize_local.data.interactions import Interaction
from personalize_local.filters.conditions import holds
from personalize_local.filters.recent import MOST_RECENT, items_by_type, items_of_types
from personalize_local.filters.search import Catalogue, Ids, ItemSearch
from personalize_local.filters.selection import Selection
from personalize_local.filters.syntax import EXCLUDE, INCLUDE, ITEMS, Part

NO_ITEMS: Ids = frozenset()


class Bound:
    """An expression without parameters; remembers which items its conditions found in the catalogue it saw last."""

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
        """Return the items that may be recommended to the shopper with this ``history`` (in any order).

        INCLUDE parts add up, EXCLUDE parts add up, the second are taken from the first ("Combining multiple
        expressions"). A part whose IF does not hold for ``user`` is left out. ``current_item`` is the item of a request
        for related items; without it an expression with CurrentItem raises InvalidInput.
        """
        by_type = items_by_type(history, most_recent) if self._needs_history else {}
        found: dict[str, list[Ids]] = {INCLUDE: [], EXCLUDE: []}
        for part, search in zip(self.parts, self._searches, strict=True):
            if all(holds(condition, user or {}) for condition in part.when):
                of_items = part.dataset == ITEMS
                ids = search.among(items, current_item) if of_items else items_of_types(part.alternatives, by_type)
                found[part.action].append(ids)
        return Selection(_union(found[INCLUDE]) if found[INCLUDE] else None, _union(found[EXCLUDE]))


def _union(sets: list[Ids]) -> Ids:
    return sets[0] if len(sets) == 1 else NO_ITEMS.union(*sets)
