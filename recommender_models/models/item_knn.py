"""Items that the same users want: co-occurrence against what each item has anyway, the nearest ones of each item."""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.grouping import rank_within
from recommender_models.training_set import Codes, Floats, TrainingSet

NEAREST = 200
SHRINKAGE = 10.0  # as if each pair had this much more that does not go together: few witnesses are not believed
MOST_ITEMS = 500  # of a user, the newest: pairs grow with the square, and who wants everything says little
BLOCK = 256
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PairFactors:
    """How often items go together, as a product: ``first`` (items by what links them) times ``then``, by items.

    ``counts``: how much of each item there is. Of interactions in parts, with no user in two of them, products and
    counts add up.
    """

    first: sparse.csr_array
    then: sparse.csr_array
    counts: Floats

    @property
    def usual(self) -> Floats:
        """Return how often an item goes with others anyway."""
        return np.sqrt(self.counts)


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


def nearest(rows: TrainingSet, wanted: Mask | None = None) -> sparse.csr_array:
    """Return for each item its nearest ones: Σ over users of the product of weights / (√nᵢnⱼ + shrinkage).

    ``wanted``: which items to do so for; the others' lines stay empty.
    """
    together = taken_together(rows)
    return strongest(wanted_lines(together.first, wanted), together.then, together.usual, NEAREST)


def taken_together(rows: TrainingSet) -> PairFactors:
    """Return the factors of: Σ over users of the product of weights."""
    matrix = user_item_matrix(rows, MOST_ITEMS)
    return PairFactors(matrix.T.tocsr(), matrix, np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())


def wanted_lines(matrix: sparse.csr_array, wanted: Mask | None) -> sparse.csr_array:
    """Return the matrix with all other lines empty; as it is for None."""
    if wanted is None:
        return matrix
    return sparse.diags_array(wanted.astype(np.float32), format="csr") @ matrix


def strongest(first: sparse.csr_array, then: sparse.csr_array, usual: Floats, most: int) -> sparse.csr_array:
    """Return for each item the ``most`` others that go with it best; of equal ones those with the lowest codes.

    ``[i, j]`` is Σ first[i, ·] · then[·, j] / (usual[i] · usual[j] + shrinkage); all weights are positive.
    """
    starts = range(0, first.shape[0], BLOCK)
    blocks = [strongest_pairs(first[start : start + BLOCK] @ then, start, usual, most) for start in starts]
    return sparse.vstack(blocks, format="csr")


def strongest_pairs(pairs: sparse.csr_array, start: int, usual: Floats, most: int) -> sparse.csr_array:
    """Return ``strongest`` of the lines from ``start`` on. ``pairs``: how often their items go with others; changed."""
    lines = start + np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    pairs.data /= usual[lines] * usual[pairs.indices] + np.float32(SHRINKAGE)
    pairs.data[lines == pairs.indices] = 0
    return _strongest_of_lines(pairs, most)


def _strongest_of_lines(pairs: sparse.csr_array, most: int) -> sparse.csr_array:
    kept = [
        _strongest_of_line(pairs.data[start:end], pairs.indices[start:end], most)
        for start, end in itertools.pairwise(pairs.indptr.tolist())
    ]
    ends = np.cumsum([0, *map(len, kept)])
    places = np.concatenate(kept) + np.repeat(pairs.indptr[:-1], np.diff(ends))
    strongest = sparse.csr_array((pairs.data[places], pairs.indices[places], ends), shape=pairs.shape)
    strongest.eliminate_zeros()
    strongest.sort_indices()
    return strongest


def _strongest_of_line(values: Floats, codes: Codes, most: int) -> npt.NDArray[np.intp]:
    """Return the places of the ``most`` highest values, in any order; of equal ones those with the lowest codes."""
    if len(values) <= most:
        return np.arange(len(values))
    # A partition of each line is a fraction of the work of sorting all; few are equal to the least.
    least = np.partition(values, len(values) - most)[len(values) - most]
    at_least = np.flatnonzero(values >= least)
    equal = at_least[values[at_least] == least]
    above = at_least[values[at_least] > least]
    return np.concatenate([above, equal[np.argsort(codes[equal])[: most - len(above)]]])
