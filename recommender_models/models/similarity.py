"""What a history says for every item: the same sum over a full matrix, or over the nearest items of each."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.linalg import blas

from recommender_models.history import History
from recommender_models.models import ease, item_knn
from recommender_models.training_set import Floats, TrainingSet

# A full matrix of 20,000 items takes 1.6 GB and a minute and a half; a recommendation reads a line of it for each item.
MOST_DENSE = 20_000


class Similarity(Protocol):
    """Item-to-item weights for the items from 0 to ``len``."""

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

    def __init__(self, matrix: sparse.csr_array) -> None:
        self.matrix = matrix

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    def affinity(self, history: History) -> Floats:
        affinity = np.zeros(len(self), dtype=np.float32)
        starts, columns, values = self.matrix.indptr, self.matrix.indices, self.matrix.data
        for item, weight in zip(history.items.tolist(), history.weights, strict=True):
            line = slice(starts[item], starts[item + 1])
            affinity[columns[line]] += weight * values[line]
        return affinity

    def affinities(self, histories: sparse.csr_array) -> Floats:
        return np.asarray((histories @ self.matrix).toarray())

    def arrays(self) -> dict[str, np.ndarray]:
        return {f"nearest_{part}": getattr(self.matrix, part) for part in ("data", "indices", "indptr")}


def fit(rows: TrainingSet, regularisation: float, most_dense: int = MOST_DENSE) -> Similarity:
    """Learn from interactions: EASE, or above ``most_dense`` items the nearest by co-occurrence."""
    if len(rows.item_ids) > most_dense:
        return SparseSimilarity(item_knn.nearest(rows))
    return DenseSimilarity(ease.similarities(item_knn.user_item_matrix(rows), regularisation))


def restore(arrays: Mapping[str, np.ndarray]) -> Similarity:
    """Return what ``arrays`` were taken from."""
    if "similarities" in arrays:
        return DenseSimilarity(arrays["similarities"])
    parts = tuple(arrays[f"nearest_{part}"] for part in ("data", "indices", "indptr"))
    return SparseSimilarity(sparse.csr_array(parts, shape=(len(parts[2]) - 1,) * 2))
