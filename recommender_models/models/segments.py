"""Which segments a user belongs to by the properties that the Users dataset gives them.

A segment is a category of a text column, or a fifth of the users by a number's size. Only columns and categories of
the training are known later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender_models.record_columns import RecordColumns, categories

FIFTHS = (0.2, 0.4, 0.6, 0.8)
LEAST_USERS = 5  # in a segment: a column of names or addresses makes none
Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Segments:
    """``places``: column → category → number of the segment. ``edges``: column → the numbers where its parts begin.

    A column is in one of them; the parts of a number are the categories ``"0"`` (smallest) and up.
    """

    places: Mapping[str, Mapping[str, int]]
    edges: Mapping[str, Sequence[float]]

    @classmethod
    def of(cls, users: RecordColumns) -> "Segments":
        """Return the segments that enough users are in."""
        edges = {name: _edges(values) for name, values in users.columns.items() if _is_numeric(values)}
        counts: dict[tuple[str, str], int] = {}
        unnumbered = cls({name: {} for name in users.columns}, edges)
        for name, values in users.columns.items():
            for value in values:
                for category in unnumbered._categories(name, value):
                    counts[name, category] = counts.get((name, category), 0) + 1
        places: dict[str, dict[str, int]] = {name: {} for name in sorted(users.columns)}
        for number, (name, category) in enumerate(sorted(key for key, count in counts.items() if count >= LEAST_USERS)):
            places[name][category] = number
        return cls(places, edges)

    def __len__(self) -> int:
        return sum(len(numbers) for numbers in self.places.values())

    def for_user(self, properties: Properties | None) -> list[int]:
        """Return the numbers of a user's segments."""
        return [
            numbers[category]
            for name, numbers in self.places.items()
            for category in self._categories(name, (properties or {}).get(name))
            if category in numbers
        ]

    def _categories(self, name: str, value: Any) -> list[str]:
        if name not in self.edges:
            return categories(value)
        if not _is_number(value):
            return []
        return [str(int(np.searchsorted(self.edges[name], value, side="right")))]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(map(_is_number, known))


def _edges(values: Sequence[Any]) -> list[float]:
    numbers = np.array([value for value in values if value is not None], dtype=float)
    return sorted(set(np.quantile(numbers, FIFTHS).tolist()))
