"""What is recommended to whom: a linear item-to-item model (EASE), a shopper's own items again, and what sells now.

    taste      = Σ over the history: weight · decay · (similar items + REPEAT · the item itself)
    score      = taste and recent popularity, each summing to one, mixed by POPULARITY

The history comes in with each question, so new events count at once, without training. EASE (Steck, "Embarrassingly
Shallow Autoencoders for Sparse Data", WWW 2019) has a closed form: B = I - P / diag(P), P = (X'X + λI)⁻¹.

The constants were chosen by hand on a made-up shop (300 items, 2,000 interactions) and on parts of a real one (UCI
Online Retail), between values that gave nearly the same results; they are not searched for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import lapack

REGULARISATION = 100.0
REPEAT = 0.3  # how much an item speaks for itself, against the items similar to it
POPULARITY = 0.3  # share of recent popularity beside taste
HALF_LIFE = 60 * 86_400.0  # seconds until an event counts half
STEP_DECAY = 0.9  # an event counts this much of the next newer one, however close in time: a session moves on
POPULARITY_WINDOW = 30 * 86_400.0  # seconds before the newest event
MAX_ITEMS = 10_000  # 400 MB of float32; the items with the most interactions are kept

Floats = npt.NDArray[np.float32]
Event = tuple[str, float, float]
"""Item id, time in epoch seconds, weight."""


@dataclass(frozen=True)
class TrainingSet:
    """Interactions as columns of equal length; ``users`` and ``items`` are codes, items index ``item_ids`` (sorted)."""

    item_ids: tuple[str, ...]
    users: npt.NDArray[np.int64]
    items: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    weights: Floats


class Model:
    """Trained similarities and popularity over a catalogue of items."""

    def __init__(self, item_ids: Sequence[str], similarities: Floats, popularity: Floats) -> None:
        """``similarities[i, j]``: what item i says for item j. ``popularity``: one positive share per item."""
        self.item_ids = tuple(item_ids)
        self.similarities = similarities
        self.popularity = popularity
        self._index = {item: code for code, item in enumerate(self.item_ids)}

    def recommend(self, history: Sequence[Event], limit: int) -> list[tuple[str, float]]:
        """Return the best items with their scores (positive, falling, summing to at most one).

        ``history``: a shopper's events in any order; empty, or all of unknown items: the popular ones come. Equal
        scores come in the order of the item ids.
        """
        scores = self._scores([event for event in history if event[0] in self._index])
        best = np.argsort(-scores, kind="stable")[:limit]
        return [(self.item_ids[item], float(scores[item])) for item in best]

    def _scores(self, history: list[Event]) -> Floats:
        taste = self._taste(history) if history else None
        total = float(taste.sum()) if taste is not None else 0.0
        if taste is None or total <= 0:
            return self.popularity
        return ((taste / total + POPULARITY * self.popularity) / (1 + POPULARITY)).astype(np.float32)

    def _taste(self, history: list[Event]) -> Floats:
        codes = [self._index[item] for item, _, _ in history]
        weights = decayed(history)
        taste = weights @ self.similarities[codes]
        np.add.at(taste, codes, np.float32(REPEAT) * weights)
        return taste.clip(min=0)


def decayed(history: Sequence[Event]) -> Floats:
    """Return each event's weight after decay, by age and by how many distinct newer moments there are."""
    times = np.array([time for _, time, _ in history])
    weights = np.array([weight for _, _, weight in history])
    _, moment = np.unique(-times, return_inverse=True)
    age = times.max() - times
    return (weights * 0.5 ** (age / HALF_LIFE) * STEP_DECAY**moment).astype(np.float32)


def train(data: TrainingSet) -> Model:
    """Train on at least one interaction. The same data, in any order, give the same model."""
    counts = np.bincount(data.items, minlength=len(data.item_ids))
    kept = np.sort(np.argsort(-counts, kind="stable")[:MAX_ITEMS])
    code = np.full(len(data.item_ids), -1)
    code[kept] = np.arange(len(kept))
    used = code[data.items] >= 0
    items = code[data.items[used]]
    similarities = _ease(data.users[used], items, data.weights[used], len(kept))
    popularity = _popularity(items, data.times[used], data.weights[used], len(kept))
    return Model([data.item_ids[item] for item in kept], similarities, popularity)


def _popularity(items: npt.NDArray[np.int64], times: npt.NDArray[np.float64], weights: Floats, size: int) -> Floats:
    recent = times > times.max() - POPULARITY_WINDOW
    now = np.bincount(items[recent], weights[recent], size)
    ever = np.bincount(items, weights, size)
    # Old sales break ties, and every item keeps a share above zero: the service fills the list that was asked for.
    counts = now + 1e-3 * ever + 1e-6
    return (counts / counts.sum()).astype(np.float32)


def _ease(users: npt.NDArray[np.int64], items: npt.NDArray[np.int64], weights: Floats, size: int) -> Floats:
    gram = _gram(users, items, weights, size)
    gram[np.diag_indices(size)] += np.float32(REGULARISATION)
    # Symmetric, so the transpose is the same matrix in the column order that LAPACK overwrites in place.
    factor, failed = lapack.spotrf(gram.T, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the item matrix is not positive definite")
    inverse += np.tril(inverse, -1).T
    diagonal = inverse.diagonal().copy()
    similarities = np.ascontiguousarray(inverse / -diagonal)
    np.fill_diagonal(similarities, 0)
    return similarities


def _gram(users: npt.NDArray[np.int64], items: npt.NDArray[np.int64], weights: Floats, size: int) -> Floats:
    """Return X'X, where X holds a user's strongest weight for each item."""
    order = np.lexsort((-weights, items, users))
    users, items, weights = users[order], items[order], weights[order]
    first = np.r_[True, (np.diff(users) != 0) | (np.diff(items) != 0)]
    shape = (int(users.max()) + 1, size)
    matrix = sparse.csr_array((weights[first], (users[first], items[first])), shape=shape, dtype=np.float32)
    return np.ascontiguousarray((matrix.T @ matrix).toarray())
