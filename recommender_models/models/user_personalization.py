"""What a user wants next: items like theirs, their own again, and recent popularity among similar users.

    affinity  = Σ over their history: decayed weight · what that item says for others (EASE, or co-occurrence)
    next      = Σ over their last few steps: decayed weight · what follows that item (transitions)
    score  = (affinity + repeat · their own decayed weights + popularity · recent popularity + sequence · next)
             / (1 + repeat + popularity + sequence)

each part summing to one (of affinity only what is above zero counts). The history comes in with each question, so new
events count at once, without training. Without a known history recent popularity is left, to users with the same
properties if the Users dataset has any of theirs (see ``popularity``). Items of the Items dataset without interactions
come last.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recommender_models import history as past
from recommender_models.history import Event, History
from recommender_models.models import files, similarity, sparse_lists
from recommender_models.models.lists import Catalogue, Scored, Selection, lines_at_once, top, top_rows
from recommender_models.models.popularity import Popularity
from recommender_models.models.segments import Properties
from recommender_models.models.similarity import Similarity, SparseSimilarity
from recommender_models.models.transitions import RECENT_STEPS, transitions
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, Floats, TrainingSet

NEXT = "next_"  # begins the names of the arrays that say what follows
SMALLEST = np.float32(1e-30)
PopularAt = Callable[[slice], Floats]
"""Takes places of users; returns what is popular when each of them is asked, users by items."""


class UserPersonalization:
    """A trained model; see the module."""

    kind = "user-personalization"

    def __init__(
        self,
        catalogue: Catalogue,
        similarities: Similarity,
        popularity: Popularity,
        settings: Settings,
        transitions: Similarity | None = None,
    ) -> None:
        """``transitions``: what follows each item; not looked at where the settings give it no weight."""
        self.catalogue = catalogue
        self.similarities = similarities
        self.popularity = popularity
        self.settings = settings
        self.transitions = transitions

    @classmethod
    def fit(
        cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings
    ) -> "UserPersonalization":
        """Train on at least one interaction."""
        catalogue = catalogue_of(rows, items)
        popularity = Popularity.of(rows, users, len(catalogue))
        model = cls(catalogue, similarity.fit(rows, settings.regularisation), popularity, settings)
        return model.with_transitions(transitions(rows)) if settings.sequence else model

    def with_settings(self, settings: Settings) -> "UserPersonalization":
        """Return the same model with other settings; ``regularisation`` has gone into the similarities."""
        usable = replace(settings, regularisation=self.settings.regularisation)
        return UserPersonalization(self.catalogue, self.similarities, self.popularity, usable, self.transitions)

    def with_transitions(self, matrix: sparse.csr_array) -> "UserPersonalization":
        """Return the same model that knows, too, what follows what; items as in its similarities."""
        following = SparseSimilarity(matrix)
        return UserPersonalization(self.catalogue, self.similarities, self.popularity, self.settings, following)

    def recommend(
        self,
        history: Sequence[Event],
        limit: int,
        *,
        user: Properties | None = None,
        selection: Selection | None = None,
    ) -> Scored:
        """Return the best items with their scores (positive, falling; all items' scores sum to at most one).

        ``history``: a user's events in any order; items that the training did not know are passed over.
        ``user``: their properties. Equal scores come in the order of the item ids.
        """
        if isinstance(self.similarities, SparseSimilarity):
            events = self._events(history)
            if events and (scored := self._best_of_few(events, limit, user, selection)):
                return scored
        return self.catalogue.best(self.scores(history, user), limit, selection)

    def _best_of_few(
        self,
        events: Sequence[tuple[int, float, float]],
        limit: int,
        user: Properties | None,
        selection: Selection | None,
    ) -> Scored | None:
        """Return ``recommend`` after a look at the items that the history says something for, and those that sell.

        None where these are not enough.
        """
        if selection is not None and selection.included is not None:
            return None
        recent = past.for_one(events, RECENT_STEPS) if self._has_next else None
        own = self._own_scores(past.for_one(events, self.settings), recent)
        usual, head = self._usual(user)
        chosen = sparse_lists.best(own, usual, head, limit, self.catalogue.allowed(selection))
        return self.catalogue.scored(*chosen) if chosen and chosen[1][-1] > 0 else None

    def _own_scores(self, counted: History, recent: History | None) -> tuple[Codes, Floats]:
        """Return the items that a history says something for, and their scores without what sells."""
        affinity = np.maximum(self.similarities.affinity(counted), 0)
        affinity /= np.maximum(affinity.sum(), SMALLEST)
        affinity[counted.items] += (
            np.float32(self.settings.repeat / max(counted.weights.sum(), 1e-30)) * counted.weights
        )
        affinity /= self._total
        if recent is not None and self.transitions:
            following = self.transitions.affinity(recent)
            affinity += following * (self.settings.sequence / (self._total * max(following.sum(), SMALLEST)))
        codes = np.flatnonzero(affinity)
        return codes, affinity[codes]

    def _usual(self, user: Properties | None) -> tuple[Floats, Codes]:
        """Return what every item has by what sells to a user, and the best of it."""
        numbers = self.popularity.segments.for_user(user)
        if not numbers:
            return self._usual_of_all
        return self._with_head(self.popularity.for_segments(numbers))

    @functools.cached_property
    def _usual_of_all(self) -> tuple[Floats, Codes]:
        return self._with_head(self.popularity.shares)

    def _with_head(self, shares: Floats) -> tuple[Floats, Codes]:
        usual = shares * np.float32(self.settings.popularity / self._total)
        return usual, top(usual, sparse_lists.HEAD)

    @property
    def _has_next(self) -> bool:
        return self.transitions is not None and bool(self.settings.sequence)

    def _events(self, history: Sequence[Event]) -> list[tuple[int, float, float]]:
        """Return what counts of a history, with the items' codes."""
        known = len(self.similarities)
        coded = [(self.catalogue.code.get(item, known), time, weight) for item, time, weight in history]
        return [event for event in coded if event[0] < known and event[2] > 0]

    def scores(self, history: Sequence[Event], user: Properties | None = None) -> Floats:
        """Return the score of every item of the catalogue."""
        events, known = self._events(history), len(self.similarities)
        popular = self.popularity.for_user(user)
        if not events:
            return popular
        counted = past.for_one(events, self.settings)
        own = np.zeros(known, dtype=np.float32)
        own[counted.items] = counted.weights
        scores = self._mixed(self.similarities.affinity(counted)[None], own[None], popular[None])
        if self.transitions and self.settings.sequence:
            self._add_next(scores, self.transitions.affinity(past.for_one(events, RECENT_STEPS))[None])
        return scores[0]

    def lists(
        self,
        rows: TrainingSet,
        users: Sequence[Properties | None],
        limit: int,
        popular_now: PopularAt | None = None,
    ) -> Codes:
        """Return the best items' codes for each of ``rows.user_ids``: what ``recommend`` says, for many at once.

        ``users``: properties, one a user of ``rows``. ``popular_now``: where users are asked about different moments;
        else all are asked at the end of the training.
        """
        if isinstance(self.similarities, SparseSimilarity) and popular_now is None:
            return self._lists_of_few(rows, users, limit)
        return np.concatenate([top_rows(scores, limit) for scores in self.blocks(rows, users, popular_now)])

    def _lists_of_few(self, rows: TrainingSet, users: Sequence[Properties | None], limit: int) -> Codes:
        """Return ``lists``, one user after the other: of most items nothing is said, and lines of all are large."""
        histories = past.for_many(rows, self.settings)
        steps = past.for_many(rows, RECENT_STEPS) if self._has_next else None
        lists = np.full((len(rows.user_ids), limit), -1, dtype=np.intp)
        for line, user in enumerate(users):
            counted = _line(histories, line)
            recent = None if steps is None else _line(steps, line)
            codes = self._best_codes(counted, recent, user, limit) if len(counted.items) else self._popular(user, limit)
            lists[line, : len(codes)] = codes
        return lists

    def _best_codes(self, counted: History, recent: History | None, user: Properties | None, limit: int) -> Codes:
        usual, head = self._usual(user)
        codes, values = self._own_scores(counted, recent)
        if chosen := sparse_lists.best((codes, values), usual, head, limit):
            return chosen[0]
        scores = usual.copy()
        scores[codes] += values
        return top(scores, limit)

    def _popular(self, user: Properties | None, limit: int) -> Codes:
        return top(self.popularity.for_user(user), limit)

    def blocks(
        self, rows: TrainingSet, users: Sequence[Properties | None], popular_now: PopularAt | None = None
    ) -> Iterator[Floats]:
        """Yield what ``scores`` says, one line for each of ``rows.user_ids``, some lines at a time; see ``lists``."""
        histories = past.for_many(rows, self.settings)
        steps = past.for_many(rows, RECENT_STEPS) if self.transitions and self.settings.sequence else None
        popular_now = popular_now or (
            lambda lines: np.stack([self.popularity.for_user(properties) for properties in users[lines]])
        )
        block = lines_at_once(len(self.catalogue))
        for start in range(0, histories.shape[0], block):
            some = histories[start : start + block]
            popular = popular_now(slice(start, start + some.shape[0]))
            scores = self._mixed(self.similarities.affinities(some), some.toarray(), popular)
            if self.transitions and steps is not None:
                self._add_next(scores, self.transitions.affinities(steps[start : start + block]))
            cold = np.diff(some.indptr) == 0
            scores[cold] = popular[cold]
            yield scores

    def _mixed(self, affinities: Floats, own: Floats, popular: Floats) -> Floats:
        """Return scores, one line a user; ``affinities`` and ``own`` lack the items that nobody has looked at."""
        repeat, popularity = np.float32(self.settings.repeat), np.float32(self.settings.popularity)
        np.maximum(affinities, 0, out=affinities)
        affinities /= np.maximum(affinities.sum(axis=1, keepdims=True), SMALLEST)
        own *= repeat / own.sum(axis=1, keepdims=True).clip(1e-30)
        scores = popularity * popular
        scores[:, : affinities.shape[1]] += affinities
        scores[:, : affinities.shape[1]] += own
        scores /= self._total
        return scores

    def _add_next(self, scores: Floats, following: Floats) -> None:
        """Add what follows the last steps to scores, one line a user."""
        following *= self.settings.sequence / (self._total * np.maximum(following.sum(axis=1, keepdims=True), SMALLEST))
        scores[:, : following.shape[1]] += following

    @property
    def _total(self) -> np.float32:
        return np.float32(1 + self.settings.repeat + self.settings.popularity + self.settings.sequence)

    def save(self, folder: Path, kind: str = kind) -> None:
        """Write the model's files, to be loaded as a model of this kind."""
        about = {
            "kind": kind,
            "item_ids": list(self.catalogue.ids),
            "settings": vars(self.settings),
            "popularity": self.popularity.about(),
        }
        following = self.transitions.arrays() if self.transitions and self.settings.sequence else {}
        arrays = self.similarities.arrays() | {f"{NEXT}{name}": array for name, array in following.items()}
        files.save(folder, about, arrays | self.popularity.arrays())

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "UserPersonalization":
        """Return what ``save`` has written."""
        popularity = Popularity.restore(arrays, about["popularity"])
        settings = Settings(**about["settings"])
        following = {name.removeprefix(NEXT): array for name, array in arrays.items() if name.startswith(NEXT)}
        next_items = similarity.restore(following) if following else None
        return cls(Catalogue(about["item_ids"]), similarity.restore(arrays), popularity, settings, next_items)


def catalogue_of(rows: TrainingSet, items: RecordColumns) -> Catalogue:
    """Return the items with interactions, coded as in ``rows``, and after them the others of the Items dataset."""
    return Catalogue([*rows.item_ids, *sorted(set(items.ids) - set(rows.item_ids))])


def _line(matrix: sparse.csr_array, line: int) -> History:
    part = slice(matrix.indptr[line], matrix.indptr[line + 1])
    return History(matrix.indices[part], matrix.data[part])
