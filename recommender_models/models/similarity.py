"""What a history says for every item: EASE in the form that the numbers of users and items allow.

- up to 20,000 items: a full matrix.
- more items, but at most 10,000 users: exact, through the users (``ease_by_users``).
- more of both: EASE for the 20,000 items taken most, pruned; the nearest items for the others (``pruned_ease``). With
  over 200,000 items it is the 10,000 taken most: an eighth of the time, and the nearest items then take as long.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.linalg import blas

from recommender_models.history import History
from recommender_models.models import ease, item_knn, pruned_ease
from recommender_models.models.ease_by_users import EaseByUsers
from recommender_models.training_set import Codes, Floats, TrainingSet

# A full matrix of 20,000 items takes 1.6 GB and a minute and a half; a recommendation reads a line of it for each item.
MOST_DENSE = 20_000
VERY_MANY = 200_000
SORTING = 20  # a number that is sorted takes as long as so many that are passed over
# A kernel of 10,000 users takes 0.4 GB; a recommendation reads all of it.
MOST_USERS = 10_000


class Similarity(Protocol):
    """Item-to-item weights for the items from 0 to ``len``. ``form``: how they come about, in words."""

    form: str

    def __len__(self) -> int: ...

    def affinity(self, history: History) -> Floats:
        """Return one sum an item: Σ weight · what the history's item says for it."""
        ...

    def affinities(self, histories: sparse.csr_array) -> Floats:
        """Return ``affinity`` of each line."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what a file of the model keeps."""
        ...


class DenseSimilarity:
    """A matrix with a number for each pair."""

    form = "EASE, exact"

    def __init__(self, matrix: Floats) -> None:
        self.matrix = matrix

    def __len__(self) -> int:
        return len(self.matrix)

    def affinity(self, history: History) -> Floats:
        # Line by line: a product with the chosen lines would copy them first, which takes longer than the product.
        affinity = np.zeros(len(self), dtype=np.float32)
        for item, weight in zip(history.items.tolist(), history.weights.tolist(), strict=True):
            blas.saxpy(self.matrix[item], affinity, a=weight)
        return affinity

    def affinities(self, histories: sparse.csr_array) -> Floats:
        return np.asarray(histories @ self.matrix)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"similarities": self.matrix}


class SparseSimilarity:
    """A few numbers for each item: the rest is zero."""

    def __init__(self, matrix: sparse.csr_array, exact: int = MOST_DENSE) -> None:
        """``exact``: for how many items EASE was computed; for ``form`` alone."""
        self.matrix = matrix
        self.form = f"EASE for the {exact:,} items taken most, pruned, and the nearest items for the others"

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def affinity(self, history: History) -> Floats:
        affinity = np.zeros(len(self), dtype=np.float32)
        starts, columns, values = self.matrix.indptr, self.matrix.indices, self.matrix.data
        for item, weight in zip(history.items.tolist(), history.weights, strict=True):
            line = slice(starts[item], starts[item + 1])
            affinity[columns[line]] += weight * values[line]
        return affinity

    def sums(self, history: History) -> tuple[Codes, Floats]:
        """Return the items that something is said for, ascending, and their affinity."""
        starts, ends = self.matrix.indptr[history.items], self.matrix.indptr[history.items + 1]
        entries = int((ends - starts).sum())
        if entries * SORTING > len(self):
            affinity = self.affinity(history)
            codes = np.flatnonzero(affinity)
            return codes, affinity[codes]
        lines = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        columns = np.concatenate([np.empty(0, np.int32), *(self.matrix.indices[line] for line in lines)])
        said = (weight * self.matrix.data[line] for weight, line in zip(history.weights, lines, strict=True))
        values = np.concatenate([np.empty(0, np.float32), *said])
        codes, place = np.unique(columns, return_inverse=True)
        return codes, np.bincount(place, values, len(codes)).astype(np.float32)

    def affinities(self, histories: sparse.csr_array) -> Floats:
        return np.asarray((histories @ self.matrix).toarray())

    def arrays(self) -> dict[str, np.ndarray]:
        return {f"nearest_{part}": getattr(self.matrix, part) for part in ("data", "indices", "indptr")}


def fit(
    rows: TrainingSet, regularisation: float, most_dense: int = MOST_DENSE, most_users: int = MOST_USERS
) -> Similarity:
    """Learn from interactions, in the form that so many items and users allow."""
    if len(rows.item_ids) <= most_dense:
        return DenseSimilarity(ease.similarities(item_knn.user_item_matrix(rows), regularisation))
    if np.count_nonzero(np.bincount(rows.users)) <= most_users:
        return EaseByUsers.fit(_of_users_with_items(rows), regularisation)
    exact = exact_items(len(rows.item_ids), most_dense)
    return SparseSimilarity(pruned_ease.pruned(rows, regularisation, exact), exact)


def exact_items(items: int, most_dense: int = MOST_DENSE) -> int:
    """Return for how many of so many items the pruned form computes EASE."""
    return most_dense // 2 if items > VERY_MANY else most_dense


def _of_users_with_items(rows: TrainingSet) -> sparse.csr_array:
    user_items = item_knn.user_item_matrix(rows)
    return user_items[np.flatnonzero(np.diff(user_items.indptr))]


def restore(arrays: Mapping[str, np.ndarray]) -> Similarity:
    """Return what ``arrays`` were taken from."""
    if "similarities" in arrays:
        return DenseSimilarity(arrays["similarities"])
    if "kernel" in arrays:
        return EaseByUsers.restore(arrays)
    parts = tuple(arrays[f"nearest_{part}"] for part in ("data", "indices", "indptr"))
    return SparseSimilarity(sparse.csr_array(parts, shape=(len(parts[2]) - 1,) * 2))
