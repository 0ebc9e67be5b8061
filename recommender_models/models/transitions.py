"""What comes next: which items follow an item within a user's next steps, in this direction alone.

A step is a moment of a user: one click, or one basket. What follows at once counts most. Repeats are left out.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.models.covisitation import NEAREST, visits_by_items
from recommender_models.models.item_knn import Mask, PairFactors, strongest, wanted_lines
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, TrainingSet

STEPS = 20
STEP_DECAY = 0.9
# Baskets make many pairs a step, and hardly any order: they get fewer steps, so that the time stays that of a million
# clicks.
MOST_PAIRS = 25_000_000
# What counts of the history that is asked about: the last few steps alone, however old.
RECENT_STEPS = Settings(half_life_days=1e6, step_decay=0.7)


def transitions(rows: TrainingSet, wanted: Mask | None = None) -> sparse.csr_array:
    """Return ``[i, j]``: Σ 0.9^(s-1) over each j that came s steps after an i / (√(steps with i · with j) + shrinkage).

    ``rows`` are by user, then time. At most 20 steps. ``wanted``: which items i to do so for.
    """
    following = followed_by(rows)
    return strongest(wanted_lines(following.first, wanted), following.then, following.usual, NEAREST)


def followed_by(rows: TrainingSet, steps: int | None = None) -> PairFactors:
    """Return the factors of: Σ 0.9^(s-1) over each j that came s steps after an i.

    ``steps``: at most so many, or None for as many as ``rows`` alone allow.
    """
    visits, users = visits_by_items(rows)
    before = _before(visits, users, steps or steps_within(_pairs_by_step(visits, users)))
    return PairFactors(before.T.tocsr(), visits, np.asarray(visits.sum(axis=0)).ravel())


def _before(visits: sparse.csr_array, users: Codes, steps: int) -> sparse.csr_array:
    """Return for each visit its user's items on at most ``steps`` visits before; those on the last one count 1."""
    lines, columns, weights = [], [], []
    for step in range(1, steps + 1):
        later = _with_a_visit_before(users, step)
        lines.append(later)
        columns.append(later - step)
        weights.append(np.full(len(later), STEP_DECAY ** (step - 1), dtype=np.float32))
    coordinates = np.concatenate([[], *lines]).astype(np.intp), np.concatenate([[], *columns]).astype(np.intp)
    earlier = sparse.csr_array((np.concatenate([[], *weights]), coordinates), shape=(len(users),) * 2, dtype=np.float32)
    return earlier @ visits


def pairs_by_step(rows: TrainingSet) -> npt.NDArray[np.int64]:
    """Return how many pairs of items are 1, 2, … 20 steps apart."""
    return _pairs_by_step(*visits_by_items(rows))


def _pairs_by_step(visits: sparse.csr_array, users: Codes) -> npt.NDArray[np.int64]:
    sizes, pairs = np.diff(visits.indptr).astype(np.int64), []
    for step in range(1, STEPS + 1):
        later = _with_a_visit_before(users, step)
        pairs.append(int(sizes[later] @ sizes[later - step]))
    return np.array(pairs)


def steps_within(pairs: npt.NDArray[np.int64]) -> int:
    """Return how many steps make at most ``MOST_PAIRS`` pairs; at least one. ``pairs``: of each step."""
    return max(1, int(np.searchsorted(np.cumsum(pairs), MOST_PAIRS, side="right")))


def _with_a_visit_before(users: Codes, step: int) -> npt.NDArray[np.intp]:
    """Return the visits whose user had so many visits before; ``users``: of each visit, in order."""
    return step + np.flatnonzero(users[step:] == users[:-step])
