"""Recent popularity at any moment: what ``Popularity`` says, had it been counted then.

Users of one test may be asked about moments of their own, months apart. What is taken after a user's moment is not
known then, and what was taken long before it is not recent. Users are taken by rising moment, and one window of events
slides past all of them.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.models.popularity import OLD_EVENT_WEIGHT, PRIOR_STRENGTH, SMOOTHING, WINDOW
from recommender_models.models.segments import Properties, Segments
from recommender_models.record_columns import RecordColumns
from recommender_models.training_set import Codes, Floats, TrainingSet

Moments = npt.NDArray[np.int64]
Counts = npt.NDArray[np.float64]


class _Window:
    """How often each key occurs between two places of a sequence, both of which only move on."""

    def __init__(self, keys: Codes, weights: Floats, size: int) -> None:
        self._keys, self._weights = keys.astype(np.int64), weights.astype(np.float64)
        self._start = self._end = 0
        self._counts: Counts = np.zeros(size)

    def move(self, start: int, end: int) -> Counts:
        """Return the counts from ``start`` to before ``end``: the same array each time."""
        np.add.at(self._counts, self._keys[self._end : end], self._weights[self._end : end])
        np.subtract.at(self._counts, self._keys[self._start : start], self._weights[self._start : start])
        self._start, self._end = start, end
        return self._counts


class PopularityOverTime:
    """The events of a training by time, and which segments each of them counts for."""

    def __init__(self, rows: TrainingSet, users: RecordColumns, size: int) -> None:
        """``size``: how many items there are, those of ``rows`` first."""
        order = np.argsort(rows.times, kind="stable")
        self._times, self._codes, self._weights = rows.times[order], rows.items[order], rows.weights[order]
        self.items, self._segments = size, Segments.of(users)
        # One line an event, by time: the segments of its user.
        self._members = _members(rows.user_ids, users, self._segments)[rows.users[order].astype(np.int64)]

    def shares(self, moments: Moments, users: Sequence[Properties | None] | None = None) -> Floats:
        """Return one line for each moment (epoch seconds), one share for each item: positive, summing to one.

        Recent are the events of the 30 days before the moment; nothing from the moment on is known. ``users``: the
        properties of who is asked, one a moment; None: what everybody takes.
        """
        shares = np.empty((len(moments), self.items), dtype=np.float32)
        order = np.argsort(moments, kind="stable")
        for place, recent, before in zip(order.tolist(), *self._everybody(moments[order]), strict=True):
            counts = recent + OLD_EVENT_WEIGHT * before + SMOOTHING
            shares[place] = counts / counts.sum()
        if users is not None and len(self._segments):
            for place, by_segment in zip(order.tolist(), self._by_segment(moments[order]), strict=True):
                _multiply(shares[place], by_segment, self._segments.for_user(users[place]))
        return shares

    def _everybody(self, moments: Moments) -> tuple[Iterator[Counts], Iterator[Counts]]:
        """Return, for each of rising moments, how often each item was taken recently, and ever."""
        ends, starts = (np.searchsorted(self._times, moments - age) for age in (0, WINDOW))
        recent, before = (_Window(self._codes, self._weights, self.items) for _ in range(2))
        return map(recent.move, starts.tolist(), ends.tolist()), (before.move(0, end) for end in ends.tolist())

    def _by_segment(self, moments: Moments) -> Iterator[Counts]:
        """Return, for each of rising moments, the recent events, segments by items."""
        events, size = self._members, self.items
        repeated = np.repeat(np.arange(len(self._codes)), np.diff(events.indptr))
        keys = events.indices.astype(np.int64) * size + self._codes[repeated]
        window = _Window(keys, self._weights[repeated], len(self._segments) * size)
        for moment in moments.tolist():
            start, end = events.indptr[np.searchsorted(self._times, (moment - WINDOW, moment))].tolist()
            yield window.move(start, end).reshape(-1, size)


def _members(user_ids: Sequence[str], users: RecordColumns, segments: Segments) -> sparse.csr_array:
    """Return users by segments: 1 where the user belongs to it."""
    known = users.properties()
    numbers = [segments.for_user(known.get(user)) if len(segments) else [] for user in user_ids]
    ends = np.cumsum([0, *map(len, numbers)])
    flat = np.array([number for some in numbers for number in some], dtype=np.int64)
    return sparse.csr_array((np.ones(len(flat), np.float32), flat, ends), shape=(len(user_ids), len(segments)))


def _multiply(shares: Floats, by_segment: Counts, numbers: Sequence[int]) -> None:
    """Change shares to those of a user of these segments, as ``Popularity.for_segments`` does."""
    everybody = np.float32(PRIOR_STRENGTH) * shares
    for number in numbers:
        shares *= 1 + by_segment[number] / everybody
    if numbers:
        shares /= shares.sum(dtype=np.float64)
