"""Who acquires what, by what they have: counted from acquisitions and the states right before them.

It learns by itself not to offer what somebody has: of those who acquired a product nobody had it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from evaluation.task import Pairs
from recommender_models.training_set import Floats, TrainingSet

FEW = 1.0  # seen once with and once without, before anything is counted


@dataclass(frozen=True, eq=False)
class NaiveBayes:
    """``chance``: of each item, in logarithms; ``having``: ``[i, j]`` what it adds for j that one has i."""

    chance: Floats
    having: Floats

    def score(self, owned: Pairs, users: int) -> Floats:
        """Return users by items, the logarithm of a chance."""
        ones = np.ones(len(owned), dtype=np.float32)
        has = sparse.csr_array((ones, (owned.users, owned.items)), shape=(users, len(self.chance)))
        return np.asarray(has @ self.having + self.chance, dtype=np.float32)


def fit(states: TrainingSet, acquired: TrainingSet, items: Sequence[str]) -> NaiveBayes:
    """Count. Users have the same codes in both; one without an earlier state had nothing."""
    states, acquired = states.for_items(items), acquired.for_items(items)
    visits, has = _visits(states)
    # The newest state before each acquisition, if it is of the same user.
    latest = np.searchsorted(visits, _key(acquired)) - 1
    known = (latest >= 0) & (visits[np.maximum(latest, 0)] // _SPAN == acquired.users)
    shape = len(visits), len(items)
    ones = np.ones(int(known.sum()), dtype=np.float32)
    came = sparse.csr_array((ones, (latest[known], acquired.items[known])), shape=shape)
    times = np.bincount(acquired.items, minlength=len(items))
    share = ((has.T @ came).toarray() + FEW) / (times + 2 * FEW)
    chance = np.log((times + FEW) / (times + FEW).sum()) + np.log1p(-share).sum(axis=0)
    return NaiveBayes(chance.astype(np.float32), (np.log(share) - np.log1p(-share)).astype(np.float32))


_SPAN = 1 << 40  # more than any time in seconds


def _key(rows: TrainingSet) -> np.ndarray:
    return np.asarray(rows.users.astype(np.int64) * _SPAN + rows.times.astype(np.int64))


def _visits(rows: TrainingSet) -> tuple[np.ndarray, sparse.csr_array]:
    """Return each user's moments, in order, and what they had at each."""
    visits, visit = np.unique(_key(rows), return_inverse=True)
    ones = np.ones(len(visit), dtype=np.float32)
    return visits, sparse.csr_array((ones, (visit, rows.items)), shape=(len(visits), len(rows.item_ids)))
