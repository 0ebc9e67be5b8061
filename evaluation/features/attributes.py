"""Attributes of users as numbers for trees: numbers as they are, words as codes, nothing where nothing is known."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.features.examples import Floats
from recommender_models.record_columns import RecordColumns

MOST_WORDS = 254  # that a tree of scikit-learn can tell apart; rarer ones are taken as one


@dataclass(frozen=True, eq=False)
class Attribute:
    """``values``: one for each user of the log, NaN where nothing is known. ``known``: the share of them with one."""

    name: str
    values: Floats
    words: bool
    known: float
    distinct: int


def attributes(users: RecordColumns, user_ids: Sequence[str], text: Collection[str] = ()) -> list[Attribute]:
    """Return each column for the users of a log. ``text``: columns of words, though they may look like numbers."""
    row_of = {user: number for number, user in enumerate(users.ids)}
    rows = [row_of.get(user, -1) for user in user_ids]
    return [_attribute(name, column, rows, name in text) for name, column in users.columns.items()]


def _attribute(name: str, column: Sequence[Any], rows: Sequence[int], text: bool) -> Attribute:
    values = [column[row] if row >= 0 else None for row in rows]
    words = text or any(isinstance(value, str) for value in values)
    coded = _codes(values) if words else np.array([np.nan if value is None else value for value in values])
    known = sum(value is not None for value in values) / max(1, len(values))
    return Attribute(name, coded.astype(np.float64), words, known, len(set(values) - {None}))


def _codes(values: Sequence[Any]) -> Floats:
    counts = Counter(value for value in values if value is not None)
    frequent = sorted(counts, key=lambda value: (-counts[value], str(value)))[:MOST_WORDS]
    code = {value: float(number) for number, value in enumerate(frequent)}
    rest = float(len(frequent))
    return np.array([np.nan if value is None else code.get(value, rest) for value in values])
