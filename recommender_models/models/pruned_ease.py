"""EASE where both items and users are many: for the items taken most, pruned; the nearest items for the others.

Of each item's weights the 200 largest stay. The nearest ones, by co-occurrence, are of another size: they are scaled
to say, in all, as much for an item as EASE does.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.models import ease, item_knn
from recommender_models.models.lists import top
from recommender_models.training_set import Floats, TrainingSet

KEPT = 200


def pruned(rows: TrainingSet, regularisation: float, most_items: int) -> sparse.csr_array:
    """Return ``[i, j]``: what item i says for item j. ``most_items``: how many items EASE is computed for."""
    user_items = item_knn.user_item_matrix(rows)
    most_taken = taken_most(np.diff(user_items.tocsc().indptr), most_items)
    exact = ease.similarities(user_items[:, most_taken], regularisation)
    return merged(exact, most_taken, item_knn.nearest(rows))


def taken_most(users: npt.NDArray[np.integer], most_items: int) -> npt.NDArray[np.intp]:
    """Return the items that most users took, by code. ``users``: how many each item has."""
    return np.sort(top(users.astype(np.float32), most_items))


def merged(exact: Floats, most_taken: npt.NDArray[np.intp], nearest: sparse.csr_array) -> sparse.csr_array:
    """Return the largest of EASE's weights among ``most_taken``, and the nearest items for the others; see above."""
    weights = _largest(exact)
    is_most_taken = np.zeros(nearest.shape[0], dtype=bool)
    is_most_taken[most_taken] = True
    lines = np.repeat(np.arange(nearest.shape[0]), np.diff(nearest.indptr))
    among = is_most_taken[lines] & is_most_taken[nearest.indices]
    scale = weights.sum() / max(float(nearest.data[among].sum()), 1e-30)
    nearest.data *= np.where(among, 0, scale).astype(np.float32)
    nearest.eliminate_zeros()
    return nearest + _spread(weights, most_taken, nearest.shape[0])


def _largest(matrix: Floats) -> sparse.csr_array:
    """Return the largest positive weights of each line."""
    columns = [np.sort(top(line, KEPT)) for line in matrix]
    columns = [some[line[some] > 0] for some, line in zip(columns, matrix, strict=True)]
    ends = np.cumsum([0, *map(len, columns)])
    data = np.concatenate([line[some] for some, line in zip(columns, matrix, strict=True)])
    return sparse.csr_array((data, np.concatenate(columns), ends), shape=matrix.shape)


def _spread(weights: sparse.csr_array, items: np.ndarray, size: int) -> sparse.csr_array:
    """Return the same weights in a matrix of all items."""
    coordinates = weights.tocoo()
    places = items[coordinates.row], items[coordinates.col]
    return sparse.csr_array((coordinates.data, places), shape=(size, size), dtype=np.float32)
