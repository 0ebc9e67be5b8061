"""What comes after what: how often a visit with one item is followed by a visit with another, against what is usual.

Repeats are left out, as they are with items that others took too: own repeats are a recommender of their own. A visit
is all that a user does within one second: a basket, or one click.
"""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from personalize_local.learning.grouping import rank_within
from personalize_local.learning.training_set import TrainingSet

NEAREST = 500  # of each item: those that follow most often
SHRINKAGE = 10.0  # as if there had been so many more visits without the other: few witnesses are not believed
MOST_IN_VISIT = 200  # pairs grow with the square of a visit, and a wholesaler's say little
BLOCK = 256


def following(rows: TrainingSet) -> sparse.csr_array:
    """Return ``[i, j]``: visits with i before one with j / (√(visits with i · with j after) + shrinkage).

    ``rows`` are by user, then time.
    """
    visits, ends = _visits(rows)
    before = visits[np.flatnonzero(~ends)].T.tocsr()
    after = visits[np.flatnonzero(~ends) + 1]
    seen = np.diff(before.indptr)
    blocks = list(_nearest(before, after, np.sqrt(seen), np.sqrt(np.asarray(after.sum(axis=0)).ravel())))
    return sparse.vstack(blocks, format="csr")


def _visits(rows: TrainingSet) -> tuple[sparse.csr_array, np.ndarray]:
    """Return visits by items, and which visits are a user's last."""
    new_user = np.r_[True, rows.users[1:] != rows.users[:-1]]
    new = new_user | np.r_[True, rows.times[1:] != rows.times[:-1]]
    visit = np.cumsum(new) - 1
    kept = rank_within(visit, np.arange(len(visit))) < MOST_IN_VISIT
    shape = int(visit[-1]) + 1, len(rows.item_ids)
    held = sparse.csr_array((np.ones(int(kept.sum()), dtype=np.float32), (visit[kept], rows.items[kept])), shape=shape)
    held.data[:] = 1  # an item counts once, in whatever ways it was looked at
    users = rows.users[new]
    return held, np.r_[users[1:] != users[:-1], True]


def _nearest(
    before: sparse.csr_array, after: sparse.csr_array, here: np.ndarray, there: np.ndarray
) -> Iterator[sparse.csr_array]:
    for start in range(0, before.shape[0], BLOCK):
        pairs = (before[start : start + BLOCK] @ after).tocoo()
        other = pairs.row + start != pairs.col
        lines, columns, counts = pairs.row[other], pairs.col[other], pairs.data[other]
        values = (counts / (here[lines + start] * there[columns] + SHRINKAGE)).astype(np.float32)
        order = np.lexsort((columns, lines))
        lines, columns, values = lines[order], columns[order], values[order]
        kept = rank_within(lines, -values) < NEAREST
        yield sparse.csr_array((values[kept], (lines[kept], columns[kept])), shape=pairs.shape)
