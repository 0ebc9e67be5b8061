"""EASE where items are many and users few: exact, and nothing as large as all pairs of items.

With K = (XX' + λI)⁻¹, users by users, and d the diagonal of X'KX, a history h has the scores (hX'KX - h∘d) / (1 - d):
the same as h times the matrix of ``ease``, by Woodbury's identity.
"""

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from recommender_models.history import History
from recommender_models.models import ease
from recommender_models.training_set import Floats

BLOCK = 2_000  # items at a time
PARTS = ("data", "indices", "indptr")


class EaseByUsers:
    """EASE's scores, computed through the users who took the same items."""

    form = "EASE, exact, through its users"

    def __init__(self, item_users: sparse.csr_array, kernel: Floats, own: Floats) -> None:
        """``item_users``: X', one line an item; ``kernel``: K; ``own``: d, what an item would say for itself."""
        self._item_users = item_users
        self._kernel = kernel
        self._own = own

    @classmethod
    def fit(cls, user_items: sparse.csr_array, regularisation: float) -> "EaseByUsers":
        """Arguments as of ``ease.similarities``."""
        item_users = user_items.T.tocsr()
        kernel = ease.kernel(user_items, regularisation)
        own = np.zeros(item_users.shape[0], dtype=np.float32)
        for start in range(0, len(own), BLOCK):
            some = item_users[start : start + BLOCK]
            own[start : start + BLOCK] = some.multiply(some @ kernel).sum(axis=1)
        return cls(item_users, kernel, own)

    def __len__(self) -> int:
        return int(self._item_users.shape[0])

    def affinity(self, history: History) -> Floats:
        line = sparse.csr_array((history.weights, history.items, [0, len(history.items)]), shape=(1, len(self)))
        return self.affinities(line)[0]

    def affinities(self, histories: sparse.csr_array) -> Floats:
        users = (histories @ self._item_users).toarray() @ self._kernel
        scores = np.ascontiguousarray((self._item_users @ users.T).T)
        lines = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
        scores[lines, histories.indices] -= histories.data * self._own[histories.indices]
        scores /= 1 - self._own
        return scores

    def arrays(self) -> dict[str, np.ndarray]:
        item_users = {f"item_users_{part}": getattr(self._item_users, part) for part in PARTS}
        return {"kernel": self._kernel, "own_weights": self._own, **item_users}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> "EaseByUsers":
        """Return what ``arrays`` were taken from."""
        kernel, own = arrays["kernel"], arrays["own_weights"]
        item_users = sparse.csr_array(
            tuple(arrays[f"item_users_{part}"] for part in PARTS), shape=(len(own), len(kernel))
        )
        return cls(item_users, kernel, own)
