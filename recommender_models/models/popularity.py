"""recent popularity: to everybody, and to users of the same segments.

A user's segments count as naive Bayes counts them, each as if it were independent of the others:

    share(item | user) ∝ share(item) · Π over their segments of share(item | segment) / share(item)
    share(item | segment) = (count(item, segment) + PRIOR_STRENGTH · share(item)) / (count(segment) + PRIOR_STRENGTH)

so a segment that buys like everybody, or that has few events, changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.models.segments import Properties, Segments
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import DAY
from recommender_models.training_set import Floats, TrainingSet

WINDOW = 30 * DAY  # before the newest event
PRIOR_STRENGTH = 500.0  # events; a segment with as many is believed half
OLD_EVENT_WEIGHT, SMOOTHING = 1e-3, 1e-6  # what an old event, and an item without any, count against a recent event


@dataclass(frozen=True, eq=False)
class PopularityCounts:
    """Events of each item: those of the last 30 days, all, and the recent ones of each segment (segments by items)."""

    recent: npt.NDArray
    ever: npt.NDArray
    by_segment: sparse.csr_array

    @classmethod
    def of(cls, rows: TrainingSet, users: RecordColumns, size: int, newest: float) -> "PopularityCounts":
        """Count the events of ``rows`` for ``size`` items. ``newest``: the end of the 30 days, epoch seconds."""
        recent = rows.take(rows.times > newest - WINDOW)
        ever = np.bincount(rows.items, rows.weights, size)
        by_segment = _by_segment(recent, users, Segments.of(users), size)
        return cls(np.bincount(recent.items, recent.weights, size), ever, by_segment)

    def __add__(self, other: "PopularityCounts") -> "PopularityCounts":
        return PopularityCounts(self.recent + other.recent, self.ever + other.ever, self.by_segment + other.by_segment)


@dataclass(frozen=True)
class Popularity:
    """``shares``: one an item, positive, summing to one. ``counts``: recent events, segments by items."""

    shares: Floats
    segments: Segments
    counts: sparse.csr_array

    @classmethod
    def of(cls, rows: TrainingSet, users: RecordColumns, size: int) -> "Popularity":
        """Count the events of ``rows`` for ``size`` items."""
        return cls.of_counts(PopularityCounts.of(rows, users, size, rows.last), users)

    @classmethod
    def of_counts(cls, counted: "PopularityCounts", users: RecordColumns) -> "Popularity":
        """Return it by counts, which may be those of several parts of the users, added up."""
        # Old sales break ties, and every item keeps a share above zero: the service fills the list that was asked for.
        counts = counted.recent + OLD_EVENT_WEIGHT * counted.ever + SMOOTHING
        return cls((counts / counts.sum()).astype(np.float32), Segments.of(users), counted.by_segment)

    def for_user(self, properties: Properties | None) -> Floats:
        """Return the shares for a user with these properties."""
        return self.for_segments(self.segments.for_user(properties))

    def for_segments(self, numbers: Sequence[int]) -> Floats:
        """Return the shares for a user of these segments."""
        if not numbers:
            return self.shares
        shares = self.shares.copy()
        for number in numbers:
            line = slice(self.counts.indptr[number], self.counts.indptr[number + 1])
            items = self.counts.indices[line]
            # The formula above, but for a factor that is the same for all items.
            shares[items] *= 1 + self.counts.data[line] / (np.float32(PRIOR_STRENGTH) * self.shares[items])
        return shares / shares.sum(dtype=np.float64).astype(np.float32)

    def resized(self, trained: int, size: int) -> "Popularity":
        """Return the same for another number of items, of which the first ``trained`` have interactions."""
        if size == len(self.shares):
            return self
        least = self.shares[trained:].min(initial=self.shares.min() * np.float32(SMOOTHING / OLD_EVENT_WEIGHT))
        shares = np.concatenate([self.shares[:trained], np.full(size - trained, least, dtype=np.float32)])
        parts = self.counts.data, self.counts.indices, self.counts.indptr
        return Popularity(shares, self.segments, sparse.csr_array(parts, shape=(self.counts.shape[0], size)))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what a file of the model keeps beside ``about``."""
        counts = {f"segments_{part}": getattr(self.counts, part) for part in ("data", "indices", "indptr")}
        return {"popularity": self.shares, **counts}

    def about(self) -> dict[str, Any]:
        """Return the rest, as JSON."""
        return {"places": self.segments.places, "edges": self.segments.edges}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> "Popularity":
        """Return what ``arrays`` and ``about`` were taken from."""
        parts = tuple(arrays[f"segments_{part}"] for part in ("data", "indices", "indptr"))
        shares, segments = arrays["popularity"], Segments(**about)
        return cls(shares, segments, sparse.csr_array(parts, shape=(len(parts[2]) - 1, len(shares))))


def _by_segment(recent: TrainingSet, users: RecordColumns, segments: Segments, size: int) -> sparse.csr_array:
    if not len(segments):
        return sparse.csr_array((0, size), dtype=np.float32)
    known = users.properties()
    belongs = [segments.for_user(known.get(user)) for user in recent.user_ids]
    lines = np.repeat(np.arange(len(belongs)), [len(numbers) for numbers in belongs])
    numbers = np.array([number for numbers in belongs for number in numbers], dtype=np.int64)
    members = sparse.csr_array((np.ones(len(lines), np.float32), (numbers, lines)), shape=(len(segments), len(belongs)))
    shape = len(belongs), size
    bought = sparse.csr_array((recent.weights, (recent.users, recent.items)), shape=shape, dtype=np.float32)
    counts = (members @ bought).tocsr()
    counts.sort_indices()
    return counts
