"""The items, actions or users whose records meet a condition, cached until these change."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from personalize_local.errors import InvalidInput
from personalize_local.filters.conditions import Test, resolve, test_for
from personalize_rules.filters.syntax import Condition, Field, Part

Properties = Mapping[str, object]
Ids = frozenset[str]
KEPT = 64  # cached results for different current items


class Catalogue(Protocol):
    """The records of a dataset: id -> properties by column name; ``version`` changes whenever they do."""

    @property
    def version(self) -> int:
        """A number that changes with the content."""

    def items(self) -> Iterable[tuple[str, Properties]]:
        """All ids with their properties."""

    def get(self, item_id: str, /) -> Properties | None:
        """One record's properties."""


class ItemSearch:
    """Finds the ids of one part. Thread-safe: at worst two threads search the same."""

    def __init__(self, part: Part) -> None:
        self._alternatives = part.alternatives
        self._key = part.subject.key  # a column of the schema that is not one of the properties
        operands = (condition.operand for condition in part.conditions)
        self._compared = sorted({operand.column for operand in operands if isinstance(operand, Field)})
        self._seen: tuple[Catalogue, int, dict[tuple[object, ...], Ids]] | None = None

    def among(self, items: Catalogue, current_item: str | None) -> Ids:
        """Return the ids of the items that meet the conditions; an unknown current item has no properties.

        Raises InvalidInput if a condition needs a current item and there is none.
        """
        current = self._current(items, current_item)
        cache = self._remembered(items)
        key = tuple(current.values())
        if key not in cache:
            if len(cache) >= KEPT:
                cache.clear()
            cache[key] = _search(self._alternatives, items, current, self._key)
        return cache[key]

    def _current(self, items: Catalogue, current_item: str | None) -> Properties:
        if not self._compared:
            return {}
        if current_item is None:
            raise InvalidInput("A filter with CurrentItem is for related items only: the request names no item")
        properties = {**(items.get(current_item) or {}), self._key: current_item}
        return {column: properties.get(column) for column in self._compared}

    def _remembered(self, items: Catalogue) -> dict[tuple[object, ...], Ids]:
        version = items.version
        if self._seen is None or self._seen[0] is not items or self._seen[1] != version:
            self._seen = (items, version, {})
        return self._seen[2]


def _search(alternatives: tuple[tuple[Condition, ...], ...], items: Catalogue, current: Properties, key: str) -> Ids:
    tests = [tested for tested in (_tests(conjunction, current) for conjunction in alternatives) if tested]
    return frozenset(item for item, properties in items.items() if _meets_one(item, properties, tests, key))


def _tests(conjunction: tuple[Condition, ...], current: Properties) -> list[tuple[str, Test]] | None:
    resolved = [resolve(condition, current) for condition in conjunction]
    known = [condition for condition in resolved if condition is not None]
    return (
        [(condition.field.column, test_for(condition)) for condition in known] if len(known) == len(resolved) else None
    )


def _meets_one(item: str, properties: Properties, alternatives: list[list[tuple[str, Test]]], key: str) -> bool:
    for tests in alternatives:
        for column, test in tests:
            if not test(item if column == key else properties.get(column)):
                break
        else:
            return True
    return False
