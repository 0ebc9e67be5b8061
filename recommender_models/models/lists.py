"""From scores to a list: the best items that a selection lets through; equal scores in the order of the items."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from recommender_models.training_set import Codes, Floats

KEPT_SETS = 32
LARGE = 500  # from this size on, the codes of a set are kept
LINES, MOST_SCORES = 256, 1 << 26  # 256 MB
MANY, SAMPLED = 100_000, 16
NARROW = 128  # up to so many places, sorting all lines at once takes less time than choosing from each

Scored = list[tuple[str, float]]
Allowed = Callable[[Codes], npt.NDArray[np.bool_]]
"""Takes codes; returns which of them may be listed."""


class Selection(Protocol):
    """Items let through: those of ``included`` (None: all) without those of ``excluded`` and ``taken``."""

    @property
    def included(self) -> frozenset[str] | None: ...

    @property
    def excluded(self) -> frozenset[str]: ...

    @property
    def taken(self) -> frozenset[str]: ...


class Catalogue:
    """The items of a model: ids by code. Those without interactions come last; each part is sorted by id."""

    def __init__(self, item_ids: Sequence[str]) -> None:
        self.ids = item_ids
        self.code: Mapping[str, int] = {item: code for code, item in enumerate(item_ids)}
        # By identity: hashing a set of 10,000 ids takes longer than a recommendation. The set itself is kept beside
        # its codes, so that no other set gets its identity.
        self._sets: dict[int, tuple[frozenset[str], Codes]] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def best(self, scores: Floats, limit: int, selection: Selection | None = None) -> Scored:
        """Return at most ``limit`` items with their scores, best first. All scores are positive."""
        if selection is None:
            return self._scored(top(scores, limit), scores)
        allowed = scores
        if left_out := self._left_out(selection):
            allowed = scores.copy()
            for codes in left_out:
                allowed[codes] = 0
        if selection.included is None:
            codes = top(allowed, limit)
        else:
            candidates = self.codes(selection.included)
            codes = candidates[top(allowed[candidates], limit)]
        return self._scored(codes[allowed[codes] > 0], scores)

    def scored(self, codes: Codes, scores: Floats) -> Scored:
        """Return codes as items, with the scores of these codes."""
        return [(self.ids[code], score) for code, score in zip(codes.tolist(), scores.tolist(), strict=True)]

    def mask(self, selection: Selection | None) -> npt.NDArray[np.bool_]:
        """Return which items a selection lets through."""
        included = selection.included if selection else None
        allowed = np.full(len(self), included is None)
        if included is not None:
            allowed[self.codes(included)] = True
        for codes in self._left_out(selection) if selection else ():
            allowed[codes] = False
        return allowed

    def _scored(self, codes: Codes, scores: Floats) -> Scored:
        return self.scored(codes, scores[codes])

    def allowed(self, selection: Selection | None) -> "Allowed | None":
        """Return which codes a selection lets through, for some codes at a time; None where it lets all."""
        left_out = self._left_out(selection) if selection else []
        if selection is None or (selection.included is None and not left_out):
            return None
        included = None if selection.included is None else self.codes(selection.included)

        def are_allowed(codes: Codes) -> npt.NDArray[np.bool_]:
            allowed = np.ones(len(codes), bool) if included is None else are_among(codes, included)
            for each in left_out:
                allowed &= ~are_among(codes, each)
            return allowed

        return are_allowed

    def _left_out(self, selection: Selection) -> list[Codes]:
        return [self.codes(items) for items in (selection.excluded, selection.taken) if items]

    def codes(self, items: frozenset[str]) -> Codes:
        """Return the codes of those items that are in the catalogue, ascending."""
        if len(items) < LARGE:
            return self._look_up(items)
        cached = self._sets.get(id(items))
        if cached is None:
            while len(self._sets) >= KEPT_SETS:
                self._sets.pop(next(iter(self._sets)))
            cached = self._sets[id(items)] = (items, self._look_up(items))
        return cached[1]

    def _look_up(self, items: frozenset[str]) -> Codes:
        codes = [code for item in items if (code := self.code.get(item)) is not None]
        return np.array(sorted(codes), dtype=np.int64)


def lines_at_once(items: int) -> int:
    """Return how many users' scores of all items are made at once: 256, or fewer with many items."""
    most = max(1, MOST_SCORES // max(1, items))
    return min(LINES, 1 << (most.bit_length() - 1))


def are_among(codes: Codes, ascending: Codes) -> npt.NDArray[np.bool_]:
    """Return which codes are among others, which are in ascending order."""
    if not len(ascending):
        return np.zeros(len(codes), dtype=bool)
    return np.asarray(ascending[np.searchsorted(ascending, codes).clip(max=len(ascending) - 1)] == codes)


def top(scores: Floats, limit: int) -> npt.NDArray[np.intp]:
    """Return the places of the ``limit`` highest scores, best first, equal ones in order of place."""
    if limit >= len(scores):
        return np.argsort(-scores, kind="stable")
    if len(scores) >= MANY and limit * SAMPLED * 4 < len(scores):
        # A bound from a sample first: to part a million scores takes ten times as long as to compare them with it.
        sample = scores[::SAMPLED]
        bound = np.partition(sample, len(sample) - 2 * limit)[len(sample) - 2 * limit]
        places = np.flatnonzero(scores >= bound)
        if limit <= len(places) < len(scores) // 2:
            return places[top(scores[places], limit)]
    least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    places = (scores >= least).nonzero()[0]
    if len(places) == limit:
        return places[(-scores[places]).argsort(kind="stable")]
    above = np.flatnonzero(scores > least)
    equal = np.flatnonzero(scores == least)[: limit - len(above)]
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], equal])


def top_rows(scores: Floats, limit: int) -> npt.NDArray[np.intp]:
    """Return ``top`` of each line, -1 where a line has fewer places than ``limit``."""
    lists = np.full((len(scores), limit), -1, dtype=np.intp)
    if scores.shape[1] <= NARROW:
        best = np.argsort(-scores, axis=1, kind="stable")[:, :limit]
        lists[:, : best.shape[1]] = best
        return lists
    codes_by_line = [top(line, limit) for line in scores]
    for line, codes in zip(lists, codes_by_line, strict=True):
        line[: len(codes)] = codes
    return lists
