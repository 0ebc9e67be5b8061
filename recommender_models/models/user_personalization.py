"""What a user wants next: items like theirs, their own again, and recent popularity among similar users.

    affinity  = Σ over their history: decayed weight · what that item says for others (EASE, or co-occurrence)
    next      = Σ over their last few steps: decayed weight · what follows that item (transitions)
    score  = (affinity + repeat · their own decayed weights + popularity · recent popularity + sequence · next)
             / (1 + repeat + popularity + sequence)

each part summing to one (of affinity only what is above zero counts). Where the attributes of the Items dataset say
something, affinity is that of ``content``, for items without interactions, too, and some of these get a place in the
list (``exploration``). In a known ``context``, scores are multiplied by what it says of items. The history comes in
with each question, so new events count at once, without training. Without a known history recent popularity is left, to
users with the same properties if the Users dataset has any of theirs (see ``popularity``). Other items of the Items
dataset without interactions come last.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recommender_models import history as past
from recommender_models.content import exploration as exploring
from recommender_models.content.exploration import Exploration
from recommender_models.content.model import Content
from recommender_models.context.lifts import Lifts
from recommender_models.history import Event, History
from recommender_models.models import files, similarity, sparse_lists
from recommender_models.models.lists import Catalogue, Scored, Selection, lines_at_once, top, top_rows
from recommender_models.models.popularity import Popularity
from recommender_models.models.segments import Properties
from recommender_models.models.similarity import Similarity, SparseSimilarity
from recommender_models.models.transitions import RECENT_STEPS, transitions
from recommender_models.record_columns import Properties as ItemProperties
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, Floats, TrainingSet

NEXT = "next_"  # begins the names of the arrays that say what follows
CONTENT, LIFTS = "content_", "lift_"  # and of those about attributes, and contexts
LEARNED_FROM = 300  # users, for what attributes say
KEPT_POPULARITY = 128 * 2**20  # bytes: what sells to users of the same segments is computed once
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
        content: Content | None = None,
        exploration: Exploration = exploring.DEFAULT,
        lifts: Lifts | None = None,
    ) -> None:
        """``transitions``: what follows each item; not looked at where the settings give it no weight.

        ``content``: what attributes say; None where they say nothing. ``lifts``: what contexts say.
        """
        self.catalogue = catalogue
        self.similarities = similarities
        self.popularity = popularity
        self.settings = settings
        self.transitions = transitions
        self.content = content
        self.exploration = exploration
        self.lifts = lifts
        kept = max(1, KEPT_POPULARITY // (4 * max(1, len(catalogue))))
        self._with_head = functools.lru_cache(maxsize=kept)(self._popular_to)

    @classmethod
    def fit(
        cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings
    ) -> "UserPersonalization":
        """Train on at least one interaction."""
        catalogue = catalogue_of(rows, items)
        popularity = Popularity.of(rows, users, len(catalogue))
        similarities = similarity.fit(rows, settings.regularisation)
        content = content_of(rows, items, similarities, settings, catalogue.ids[len(rows.item_ids) :])
        model = cls(catalogue, similarities, popularity, settings, content=content)
        return model.with_transitions(transitions(rows)) if settings.sequence else model

    def with_settings(self, settings: Settings) -> "UserPersonalization":
        """Return the same model with other settings; ``regularisation`` has gone into the similarities."""
        return self._with(settings=replace(settings, regularisation=self.settings.regularisation))

    def with_transitions(self, matrix: sparse.csr_array) -> "UserPersonalization":
        """Return the same model that knows, too, what follows what; items as in its similarities."""
        return self._with(transitions=SparseSimilarity(matrix))

    def with_exploration(self, exploration: Exploration) -> "UserPersonalization":
        """Return the same model that gives new items other places."""
        # The model itself where nothing changes: it keeps what it has computed.
        same = exploration == self.exploration or self.content is None
        return self if same else self._with(exploration=exploration)

    def with_new_items(self, items: Mapping[str, ItemProperties]) -> "UserPersonalization":
        """Return the same model for an Items dataset that has changed; the same one where attributes say nothing."""
        if self.content is None:
            return self
        trained = len(self.similarities)
        known = self.catalogue.ids[:trained]
        new = sorted(items.keys() - set(known))
        return self._with(
            catalogue=Catalogue([*known, *new]),
            popularity=self.popularity.resized(trained, trained + len(new)),
            content=self.content.with_new([items[item] for item in new]),
        )

    def _with(self, **changed: Any) -> "UserPersonalization":
        names = (
            "catalogue",
            "similarities",
            "popularity",
            "settings",
            "transitions",
            "content",
            "exploration",
            "lifts",
        )
        return UserPersonalization(**{name: getattr(self, name) for name in names} | changed)

    def with_lifts(self, lifts: Lifts) -> "UserPersonalization":
        """Return the same model that knows, too, what contexts say; items as in its similarities."""
        return self._with(lifts=lifts) if len(lifts) else self

    def recommend(
        self,
        history: Sequence[Event],
        limit: int,
        *,
        user: Properties | None = None,
        selection: Selection | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Scored:
        """Return the best items with their scores (positive, falling; all items' scores sum to at most one).

        ``history``: a user's events in any order; items that the training did not know are passed over.
        ``user``: their properties. ``context``: values by column. Equal scores come in the order of the item ids.
        """
        if self._looks_at_few and self._lift(context) is None:
            events = self._events(history)
            if events and (scored := self._best_of_few(events, limit, user, selection)):
                return scored
        return self.catalogue.best(self.scores(history, user, selection, context), limit, selection)

    def _lift(self, context: Mapping[str, str] | None) -> Floats | None:
        return self.lifts.of(context) if self.lifts and context else None

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
        recent = past.for_one(events, RECENT_STEPS) if self._has_next else None
        own = self._own_scores(past.for_one(events, self.settings), recent)
        usual, head = self._usual(user)
        whole = False
        if selection is not None and selection.included is not None:
            included = self.catalogue.codes(selection.included)
            head = included[top(usual[included], sparse_lists.HEAD)]
            whole = len(head) == len(included)
        chosen = sparse_lists.best(own, usual, head, limit, self.catalogue.allowed(selection), whole=whole)
        if not chosen or (len(chosen[1]) and chosen[1][-1] <= 0):
            return None
        return self.catalogue.scored(*chosen)

    def _own_scores(self, counted: History, recent: History | None) -> tuple[Codes, Floats]:
        """Return the items that a history says something for, and their scores without what sells."""
        codes, affinity = self._said(self.similarities, counted)
        affinity = np.maximum(affinity, 0)
        parts = [(codes, affinity / np.maximum(affinity.sum(), SMALLEST) / self._total)]
        repeat = np.float32(self.settings.repeat / max(counted.weights.sum(), 1e-30)) / self._total
        parts.append((counted.items, repeat * counted.weights))
        if recent is not None and self.transitions:
            codes, following = self._said(self.transitions, recent)
            share = self.settings.sequence / (self._total * max(following.sum(), SMALLEST))
            parts.append((codes, following * np.float32(share)))
        codes, place = np.unique(np.concatenate([codes for codes, _ in parts]), return_inverse=True)
        scores = np.bincount(place, np.concatenate([scores for _, scores in parts]), len(codes))
        return codes, scores.astype(np.float32)

    def _said(self, similarities: Similarity, history: History) -> tuple[Codes, Floats]:
        if isinstance(similarities, SparseSimilarity):
            return similarities.sums(history)
        affinity = similarities.affinity(history)
        codes = np.flatnonzero(affinity)
        return codes, affinity[codes]

    def _usual(self, user: Properties | None) -> tuple[Floats, Codes]:
        """Return what every item has by what sells to a user, and the best of it."""
        return self._with_head(tuple(self.popularity.segments.for_user(user)))

    def _popular_to(self, numbers: tuple[int, ...]) -> tuple[Floats, Codes]:
        usual = self.popularity.for_segments(numbers) * np.float32(self.settings.popularity / self._total)
        return usual, top(usual, sparse_lists.HEAD)

    @property
    def _looks_at_few(self) -> bool:
        """Whether most items have no score of their own: attributes give every item one."""
        return isinstance(self.similarities, SparseSimilarity) and not self._has_content

    @property
    def _has_content(self) -> bool:
        return self.content is not None and bool(self.settings.content)

    @property
    def _has_next(self) -> bool:
        return self.transitions is not None and bool(self.settings.sequence)

    def _events(self, history: Sequence[Event]) -> list[tuple[int, float, float]]:
        """Return what counts of a history, with the items' codes."""
        known = len(self.similarities)
        coded = [(self.catalogue.code.get(item, known), time, weight) for item, time, weight in history]
        return [event for event in coded if event[0] < known and event[2] > 0]

    def scores(
        self,
        history: Sequence[Event],
        user: Properties | None = None,
        selection: Selection | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Floats:
        """Return the score of every item of the catalogue. ``selection``: among which items new ones get a place."""
        events, known, lift = self._events(history), len(self.similarities), self._lift(context)
        popular = self.popularity.for_user(user)
        if not events:
            return _lifted(popular, lift)
        counted = past.for_one(events, self.settings)
        affinity = self.similarities.affinity(counted)
        if self._is_plain:
            return _lifted(self._mixed_for_one(affinity, counted, popular), lift)
        own = np.zeros(known, dtype=np.float32)
        own[counted.items] = counted.weights
        affinities = self._affinities(affinity[None])
        scores = self._mixed(affinities, own[None], popular[None])
        if self.transitions and self.settings.sequence:
            self._add_next(scores, self.transitions.affinity(past.for_one(events, RECENT_STEPS))[None])
        scores = _lifted(scores[0], lift)[None]
        self._explore(scores, affinities, selection)
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
        if self._looks_at_few and popular_now is None:
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
            affinities = self._affinities(self.similarities.affinities(some))
            scores = self._mixed(affinities, some.toarray(), popular)
            if self.transitions and steps is not None:
                self._add_next(scores, self.transitions.affinities(steps[start : start + block]))
            self._explore(scores, affinities)
            cold = np.diff(some.indptr) == 0
            scores[cold] = popular[cold]
            yield scores

    def _affinities(self, affinities: Floats) -> Floats:
        """Return each user's affinities as shares; without ``content`` for the trained items alone."""
        shares = _shares(affinities)
        return self.content.mixed(shares, self.settings.content) if self.content and self._has_content else shares

    def _mixed(self, affinities: Floats, own: Floats, popular: Floats) -> Floats:
        """Return scores, one line a user; ``affinities`` and ``own`` may lack items without interactions."""
        repeat, popularity = np.float32(self.settings.repeat), np.float32(self.settings.popularity)
        own *= repeat / own.sum(axis=1, keepdims=True).clip(1e-30)
        scores = popularity * popular
        scores[:, : affinities.shape[1]] += affinities
        scores[:, : own.shape[1]] += own
        scores /= self._total
        return scores

    @property
    def _is_plain(self) -> bool:
        """Whether scores have no other parts than ``_mixed`` adds up."""
        return not self._has_content and not self._has_next

    def _mixed_for_one(self, affinity: Floats, counted: History, popular: Floats) -> Floats:
        """Return what ``_mixed`` does for one user, to the last bit: each look at all items takes time."""
        np.maximum(affinity, 0, out=affinity)
        affinity /= np.maximum(affinity.sum(), SMALLEST)
        own = np.zeros(len(affinity), dtype=np.float32)
        own[counted.items] = counted.weights
        # The sum of all, for the same rounding.
        repeat = np.float32(self.settings.repeat) / np.maximum(own.sum(), SMALLEST)
        scores = np.float32(self.settings.popularity) * popular
        scores[: len(affinity)] += affinity
        scores[counted.items] += counted.weights * repeat
        scores /= self._total
        return scores

    def _add_next(self, scores: Floats, following: Floats) -> None:
        """Add what follows the last steps to scores, one line a user."""
        following *= self.settings.sequence / (self._total * np.maximum(following.sum(axis=1, keepdims=True), SMALLEST))
        scores[:, : following.shape[1]] += following

    def _explore(self, scores: Floats, affinities: Floats, selection: Selection | None = None) -> None:
        """Give new items that fit their places, in scores of one line a user, whose sum stays one at most."""
        if not self.content or not self._has_content or not len(self.content.new):
            return
        trained = len(self.similarities)
        allowed, ranks = self.catalogue.mask(selection), self.exploration.ranks()
        allowed[trained:] &= self.exploration.young(self.content.new.created, self.content.newest)
        for line, own in zip(scores, affinities, strict=True):
            least = exploring.FITS * float(own[:trained].mean())
            exploring.explore(line, own[trained:], least, allowed, ranks)
        scores /= np.maximum(scores.sum(axis=1, keepdims=True), 1)

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
            "content": self.content.about() if self.content else None,
            "lifts": self.lifts.about() if self.lifts else None,
        }
        following = self.transitions.arrays() if self.transitions and self.settings.sequence else {}
        attributes = self.content.arrays() if self.content else {}
        arrays = self.similarities.arrays() | {f"{NEXT}{name}": array for name, array in following.items()}
        arrays |= {f"{CONTENT}{name}": array for name, array in attributes.items()}
        arrays |= {f"{LIFTS}{name}": array for name, array in (self.lifts.arrays() if self.lifts else {}).items()}
        files.save(folder, about, arrays | self.popularity.arrays())

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "UserPersonalization":
        """Return what ``save`` has written."""
        popularity = Popularity.restore(arrays, about["popularity"])
        settings = Settings(**about["settings"])
        following = _with_prefix(arrays, NEXT)
        next_items = similarity.restore(following) if following else None
        attributes = about.get("content")  # models of earlier versions have none
        content = Content.restore(attributes, _with_prefix(arrays, CONTENT)) if attributes else None
        known = about.get("lifts")
        lifts = Lifts.restore(known, _with_prefix(arrays, LIFTS)) if known else None
        catalogue, similarities = Catalogue(about["item_ids"]), similarity.restore(arrays)
        return cls(catalogue, similarities, popularity, settings, next_items, content, lifts=lifts)


def content_of(
    rows: TrainingSet, items: RecordColumns, similarities: Similarity, settings: Settings, new: Sequence[str]
) -> Content | None:
    """Return what the attributes of items say, for new items in this order; None where they say nothing."""
    if not items.columns:
        return None
    users = np.random.default_rng(1).permutation(len(rows.user_ids))[:LEARNED_FROM]
    some = np.isin(np.arange(len(rows.user_ids)), users)
    affinities = _shares(similarities.affinities(past.for_many(rows.for_users(some), settings)))
    content = Content.of(rows, items, affinities)
    properties = items.properties()
    return content.with_new([properties.get(item) for item in new]) if content else None


def _shares(affinities: Floats) -> Floats:
    """Return affinities so that what is above zero sums to one in each line; the rest is zero."""
    np.maximum(affinities, 0, out=affinities)
    affinities /= np.maximum(affinities.sum(axis=1, keepdims=True), SMALLEST)
    return affinities


def _lifted(scores: Floats, lift: Floats | None) -> Floats:
    """Return scores in a context, with the same sum; ``lift`` may lack items without interactions.

    The same scores where nothing is known of the context.
    """
    if lift is None:
        return scores
    lifted = scores.copy()
    lifted[: len(lift)] *= lift
    return lifted * (scores.sum() / np.maximum(lifted.sum(), SMALLEST))


def _with_prefix(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def catalogue_of(rows: TrainingSet, items: RecordColumns) -> Catalogue:
    """Return the items with interactions, coded as in ``rows``, and after them the others of the Items dataset."""
    return Catalogue([*rows.item_ids, *sorted(set(items.ids) - set(rows.item_ids))])


def _line(matrix: sparse.csr_array, line: int) -> History:
    part = slice(matrix.indptr[line], matrix.indptr[line + 1])
    return History(matrix.indices[part], matrix.data[part])
