"""Interactions for tests: as tuples, as the columns that jobs read, and as what models train on."""

import math
from collections.abc import Iterable

import numpy as np

from recommender_models.interactions import InteractionColumns
from recommender_models.selection import EventSelection
from recommender_models.training_set import TrainingSet, select

Row = tuple[str, str, str | None, int, float | None]
"""User, item, event type, seconds, value."""


def columns(rows: Iterable[Row]) -> InteractionColumns:
    """Return rows as columns, names in the order in which they come."""
    users, items, types, times, values = zip(*rows, strict=True)
    user_codes, item_codes, type_codes = (
        {name: code for code, name in enumerate(dict.fromkeys(text for text in column if text is not None))}
        for column in (users, items, types)
    )
    return InteractionColumns(
        list(user_codes),
        list(item_codes),
        list(type_codes),
        users=np.array([user_codes[user] for user in users], dtype=np.int32),
        items=np.array([item_codes[item] for item in items], dtype=np.int32),
        types=np.array([-1 if text is None else type_codes[text] for text in types], dtype=np.int16),
        times=np.array(times, dtype=np.int64),
        values=np.array([math.nan if value is None else value for value in values], dtype=np.float32),
    )


def visits(seen: Iterable[tuple[str, str, float]]) -> TrainingSet:
    """Return users' views of items at times, all alike, as a training set."""
    return select(columns((user, item, "view", int(time), None) for user, item, time in seen), EventSelection({}))[1]
