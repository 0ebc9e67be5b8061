"""Items that the same shoppers want: co-occurrence against what each item has anyway, the nearest ones of each item."""

import numpy as np
from scipy import sparse

from personalize_local.learning.grouping import rank_within
from personalize_local.learning.training_set import Codes, Floats, TrainingSet

NEAREST = 200
SHRINKAGE = 10.0  # as if each pair had this much more that does not go together: few witnesses are not believed
MOST_ITEMS = 500  # of a shopper, the newest: pairs grow with the square, and who wants everything says little
BLOCK = 256


def shoppers(rows: TrainingSet, most_items: int | None = None) -> sparse.csr_array:
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
        kept = rank_within(users, -newest) < most_items
        users, items, strongest = users[kept], items[kept], strongest[kept]
    shape = len(rows.user_ids), size
    return sparse.csr_array((strongest, (users, items)), shape=shape, dtype=np.float32)


def nearest(rows: TrainingSet) -> sparse.csr_array:
    """Return for each item its nearest ones: Σ over shoppers of the product of weights / (√nᵢnⱼ + shrinkage)."""
    matrix = shoppers(rows, MOST_ITEMS)
    items = matrix.T.tocsr()
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
    blocks = []
    for start in range(0, items.shape[0], BLOCK):
        some = items[start : start + BLOCK]
        pairs = (some @ matrix).tocoo()
        line, column = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
        cosine = pairs.data / (norms[line + start] * norms[column] + SHRINKAGE)
        kept = line + start != column
        blocks.append(_nearest(line[kept], column[kept], cosine[kept], (some.shape[0], len(norms))))
    return sparse.vstack(blocks, format="csr")


def _nearest(line: Codes, column: Codes, cosine: Floats, shape: tuple[int, int]) -> sparse.csr_array:
    order = np.lexsort((column, line))
    line, column, cosine = line[order], column[order], cosine[order]
    kept = rank_within(line, -cosine) < NEAREST
    chosen = cosine[kept].astype(np.float32), (line[kept], column[kept])
    return sparse.csr_array(chosen, shape=shape, dtype=np.float32)
