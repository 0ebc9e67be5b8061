"""How well a user's affinity for an item can be told from its attributes, learned from the items that are known.

A user's affinities are regressed on the attributes by ridge regression; what that gives for an item is the mean of what
such items have. It is believed only if it is shown to be right for items that it has not seen: each trained item in
turn is left out, and predicted from the others. So its λ is chosen, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.paired import shown_better
from recommender_models.training_set import Floats

PENALTIES: Sequence[float] = (1.0, 3.0, 10.0, 30.0, 100.0)
MOST_ITEMS = 4_000  # left out, in turn
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Regression:
    """``inverse``: (F'F + λI)⁻¹, names by names. ``explained``: the share of the variance between left-out items."""

    inverse: Floats
    penalty: float
    explained: float


def fit(matrix: sparse.csr_array, affinities: Floats, seed: int = 1) -> Regression | None:
    """Return the regression; None where attributes are not shown to say anything.

    ``matrix``: attributes of items, as of ``Attributes.matrix``; ``affinities``: users by items.
    """
    items = np.sort(np.random.default_rng(seed).permutation(matrix.shape[0])[:MOST_ITEMS])
    values = affinities[:, items].T.astype(np.float64)
    values -= values.mean(axis=0)
    some = matrix[items].astype(np.float64)
    if not matrix.nnz or not values.any():
        return None
    plain = (values**2).sum(axis=1)  # without attributes: a user's mean for every item
    errors = {penalty: _left_out(some, values, _inverse(some, penalty)) for penalty in PENALTIES}
    best = min(PENALTIES, key=lambda penalty: float(errors[penalty].sum()))
    if not shown_better(-errors[best], -plain):
        return None
    explained = 1 - float(errors[best].sum() / plain.sum())
    return Regression(_inverse(matrix.astype(np.float64), best).astype(np.float32), best, explained)


def _inverse(matrix: sparse.csr_array, penalty: float) -> Doubles:
    gram = (matrix.T @ matrix).toarray()
    return np.linalg.inv(gram + penalty * np.eye(len(gram)))


def _left_out(matrix: sparse.csr_array, values: Doubles, inverse: Doubles) -> Doubles:
    """Return the squared errors of each item, predicted without it: residuals by one minus the leverage."""
    smoothed = matrix @ inverse
    leverage = np.asarray(matrix.multiply(smoothed).sum(axis=1)).ravel()
    residuals = values - smoothed @ (matrix.T @ values)
    return np.asarray(((residuals / (1 - leverage)[:, None]) ** 2).sum(axis=1))
