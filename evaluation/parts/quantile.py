"""Exact quantiles of times in parts: which day it lies in, and then which second of that day."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

DAY = 86_400


def higher(times: Callable[[], Iterable[npt.NDArray]], share: float) -> int:
    """Return the same as ``np.quantile`` of all parts with the method "higher". ``times``: epoch seconds, twice."""
    days = _counted(np.floor_divide(part, DAY) for part in times())
    day, rest = at(days, place(sum(days.values()), share))
    seconds = _counted(part[np.floor_divide(part, DAY) == day] for part in times())
    return at(seconds, rest)[0]


def place(size: int, share: float) -> int:
    """Return the place, in ascending order, of the quantile of so many values."""
    return math.ceil((size - 1) * share)


def _counted(parts: Iterable[npt.NDArray]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for part in parts:
        for value, count in zip(*(each.tolist() for each in np.unique(part, return_counts=True)), strict=True):
            counts[value] = counts.get(value, 0) + count
    return counts


def at(counts: dict[int, int], place: int) -> tuple[int, int]:
    """Return the value at a place of all in ascending order, and how many equal ones are before it."""
    for value in sorted(counts):
        if place < counts[value]:
            return value, place
        place -= counts[value]
    raise ValueError(place)
