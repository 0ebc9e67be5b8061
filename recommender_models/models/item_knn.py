"""Items that the same users want: co-occurrence against what each item has anyway, the nearest ones of each item."""

import numpy as np
from scipy import sparse

from recommender_models.grouping import rank_within
from recommender_models.models.lists import top
from recommender_models.training_set import Floats, TrainingSet

NEAREST = 200
SHRINKAGE = 10.0  # as if each pair had this much more that does not go together: few witnesses are not believed
MOST_ITEMS = 500  # of a user, the newest: pairs grow with the square, and who wants everything says little
BLOCK = 256


def user_item_matrix(rows: TrainingSet, most_items: int | None = None) -> sparse.csr_array:
    """Return one line a user, one column an item: the strongest weight of the user's interactions with it.

    ``most_items``: only that many of a user, those with the newest interactions.
    """
    size = len(rows.item_ids)
    keys = rows.users.astype(np.int64) * size + rows.items
    order = np.lexsort((rows.times, keys))
    starts = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0])
    strongest = np.maximum.reduceat(rows.weights[order], starts)
    users, items = np.divmod(keys[order][starts], size)
    if most_items is not None:
        newest = rows.times[order][np.r_[starts[1:], len(order)] - 1]
        is_newest = rank_within(users, -newest) < most_items
        users, items, strongest = users[is_newest], items[is_newest], strongest[is_newest]
    shape = len(rows.user_ids), size
    return sparse.csr_array((strongest, (users, items)), shape=shape, dtype=np.float32)


def nearest(rows: TrainingSet) -> sparse.csr_array:
    """Return for each item its nearest ones: Σ over users of the product of weights / (√nᵢnⱼ + shrinkage)."""
    matrix = user_item_matrix(rows, MOST_ITEMS)
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
    return strongest(matrix.T.tocsr(), matrix, norms, NEAREST)


def strongest(first: sparse.csr_array, then: sparse.csr_array, usual: Floats, most: int) -> sparse.csr_array:
    """Return for each item the ``most`` others that go with it best; of equal ones those with the lowest codes.

    ``[i, j]`` is Σ first[i, ·] · then[·, j] / (usual[i] · usual[j] + shrinkage); all weights are positive.
    """
    blocks = []
    for start in range(0, first.shape[0], BLOCK):
        pairs = first[start : start + BLOCK] @ then
        lines = start + np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
        pairs.data /= usual[lines] * usual[pairs.indices] + np.float32(SHRINKAGE)
        pairs.data[lines == pairs.indices] = 0
        blocks.append(_strongest_of_lines(pairs, most))
    return sparse.vstack(blocks, format="csr")


def _strongest_of_lines(pairs: sparse.csr_array, most: int) -> sparse.csr_array:
    pairs.eliminate_zeros()
    pairs.sort_indices()
    is_strongest = np.ones(pairs.nnz, dtype=bool)
    # Line by line: a partition of each is a fraction of the work of sorting all.
    for line in np.flatnonzero(np.diff(pairs.indptr) > most).tolist():
        part = slice(pairs.indptr[line], pairs.indptr[line + 1])
        is_strongest[part] = False
        is_strongest[part.start + top(pairs.data[part], most)] = True
    ends = np.r_[0, np.cumsum(is_strongest)][pairs.indptr]
    return sparse.csr_array((pairs.data[is_strongest], pairs.indices[is_strongest], ends), shape=pairs.shape)
