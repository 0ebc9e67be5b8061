"""Whom the others are compared with: the best by validation, and each of the others against it.

Whoever is the best of several on the test itself is so in part by luck, and all that is compared with it looks worse
than it is. The validation is about other interactions, so that its best is named without this luck.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.recommenders.candidates import Candidate
from evaluation.scoring import multiple, uncertainty
from evaluation.scoring.uncertainty import Comparison, Values


@dataclass(frozen=True)
class Opponent:
    """``among``: of how many it is the best on the test itself; 1 where it was named without the test."""

    name: str
    among: int = 1


def best_of(candidates: Sequence[Candidate], task_name: str, means: Mapping[str, float]) -> Opponent | None:
    """Return the best by validation or, where one of them has none, by ``means``, those of the test."""
    names = [candidate.name for candidate in candidates]
    validated = [(candidate.validated or {}).get(task_name) for candidate in candidates]
    known = [value for value in validated if value is not None]
    if not names:
        return None
    if len(known) < len(names):
        return Opponent(max(names, key=lambda name: means[name]), len(names))
    return Opponent(names[int(np.argmax(known))])


def against(
    names: Sequence[str],
    opponent: Opponent | None,
    values: Mapping[str, Values],
    seed: int,
    matters: float | None = None,
    users: npt.NDArray[np.bool_] | None = None,
) -> dict[str, Comparison]:
    """Compare some with one other, as one family; empty where there is no other. ``users``: only these."""
    if opponent is None:
        return {}
    part = slice(None) if users is None else users
    other = values[opponent.name][part]
    comparisons = uncertainty.compare_each([(values[name][part], other) for name in names], seed, matters)
    return dict(zip(names, multiple.corrected(comparisons, opponent.among), strict=True))
