"""The attributes of items as numbers: one column for each category, part of a number, and word.

A category is one of those that stand apart by ``|`` in a text column. A number counts by the fifth of the trained items
that it is in. Words of a textual column count by TF-IDF. What is in fewer than two trained items is not known: nothing
could be learned of it. ``CREATION_TIMESTAMP`` is no attribute; it says which items are new (see ``exploration``).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import sparse

from recommender_models.record_columns import Properties, RecordColumns, categories

CREATED = "CREATION_TIMESTAMP"
FEWEST_ITEMS = 2
MOST_NAMES = 1_000  # the commonest; a matrix of their pairs is learned
FIFTHS = (0.2, 0.4, 0.6, 0.8)
WORD = re.compile(r"\w\w+")
Name = tuple[str, str]
"""Column, and category, fifth or word."""


@dataclass(frozen=True)
class Attributes:
    """``names``: column → name → number of its column in the matrix. ``edges``: where the parts of a number begin.

    ``rarity``: textual column → word → its inverse document frequency.
    """

    names: Mapping[str, Mapping[str, int]]
    edges: Mapping[str, Sequence[float]]
    rarity: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, items: RecordColumns, trained: Iterable[str]) -> "Attributes":
        """Return what the trained items, by id, have in common."""
        known = set(trained)
        rows = [place for place, item in enumerate(items.ids) if item in known]
        columns = {name: [values[row] for row in rows] for name, values in items.columns.items() if name != CREATED}
        edges = {name: _edges(values) for name, values in columns.items() if _are_numbers(values)}
        unnumbered = cls({name: {} for name in columns}, edges, {name: {} for name in items.textual if name in columns})
        counts = Counter(
            (name, part)
            for name, values in columns.items()
            for value in values
            for part in unnumbered._parts(name, value)
        )
        common = sorted((-count, key) for key, count in counts.items() if count >= FEWEST_ITEMS)[:MOST_NAMES]
        names: dict[str, dict[str, int]] = {name: {} for name in sorted(columns)}
        for number, (name, part) in enumerate(sorted(key for _, key in common)):
            names[name][part] = number
        rarity = {
            name: {word: float(np.log((1 + len(rows)) / (1 + counts[name, word])) + 1) for word in names[name]}
            for name in unnumbered.rarity
        }
        return cls(names, edges, rarity)

    def __len__(self) -> int:
        return sum(map(len, self.names.values()))

    def matrix(self, items: Sequence[Properties | None]) -> sparse.csr_array:
        """Return one line an item, one column a name. The names of one column of the dataset have a mean of one, the
        words of a text a length of one; a line of zeros is an item of which nothing is known.
        """
        numbers, values, ends = list[int](), list[float](), [0]
        for properties in items:
            for name in self.names:
                for number, value in self._weighed(name, (properties or {}).get(name)):
                    numbers.append(number)
                    values.append(value)
            ends.append(len(numbers))
        shape = len(items), len(self)
        parts = np.array(values, dtype=np.float32), np.array(numbers, dtype=np.int32), np.array(ends, dtype=np.int32)
        return sparse.csr_array(parts, shape=shape)

    def about(self) -> dict[str, Any]:
        """Return what a file of the model keeps."""
        return asdict(self)

    def _weighed(self, column: str, value: Any) -> list[tuple[int, float]]:
        numbers, parts = self.names[column], self._parts(column, value)
        if column not in self.rarity:
            known = [numbers[part] for part in parts if part in numbers]
            return [(number, 1 / len(known)) for number in known]
        weights = {numbers[word]: self.rarity[column][word] for word in parts if word in numbers}
        length = float(np.sqrt(sum(weight**2 for weight in weights.values())))
        return [(number, weight / length) for number, weight in weights.items()]

    def _parts(self, column: str, value: Any) -> Sequence[str]:
        if column in self.edges:
            number = _is_number(value) and not np.isnan(value)
            return [str(int(np.searchsorted(self.edges[column], value, side="right")))] if number else []
        if column in self.rarity:
            return list(dict.fromkeys(WORD.findall(str(value or "").lower())))
        return categories(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_numbers(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(map(_is_number, known))


def _edges(values: Sequence[Any]) -> list[float]:
    numbers = np.array([value for value in values if value is not None and not np.isnan(value)], dtype=float)
    return sorted(set(np.quantile(numbers, FIFTHS).tolist())) if len(numbers) else []
