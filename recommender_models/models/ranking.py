"""Puts a given list of items in a user's order: the scores of ``user_personalization``, among these items only."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recommender_models.content.exploration import Exploration
from recommender_models.context.lifts import Lifts
from recommender_models.history import Event
from recommender_models.models.lists import Scored
from recommender_models.models.segments import Properties
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, TrainingSet


class PersonalizedRanking:
    """A trained model; it ranks, and recommends nothing."""

    kind = "personalized-ranking"

    def __init__(self, model: UserPersonalization) -> None:
        # The items are given: there is nothing to explore.
        self.model = model.with_exploration(Exploration(weight=0))

    @classmethod
    def fit(
        cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings
    ) -> "PersonalizedRanking":
        """Train on at least one interaction."""
        return cls(UserPersonalization.fit(rows, users, items, settings))

    @property
    def catalogue(self) -> Any:
        """The items that were trained on."""
        return self.model.catalogue

    def with_lifts(self, lifts: Lifts) -> "PersonalizedRanking":
        """Return the same model that knows, too, what contexts say."""
        return PersonalizedRanking(self.model.with_lifts(lifts))

    def rank(
        self,
        history: Sequence[Event],
        item_ids: Sequence[str],
        user: Properties | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Scored:
        """Return the given items, each once, best first; the scores sum to one.

        Items that the training did not know come last, as given, with a score of zero (Developer Guide, "Getting a
        personalized ranking").
        """
        requested = list(dict.fromkeys(item_ids))
        known = [item for item in requested if item in self.model.catalogue.code]
        codes = np.array(sorted(self.model.catalogue.code[item] for item in known), dtype=np.int64)
        scores = self.model.scores(history, user, context=context)[codes]
        scores = scores / scores.sum() if len(scores) else scores
        best = np.argsort(-scores, kind="stable")
        ranked = [(self.model.catalogue.ids[codes[index]], float(scores[index])) for index in best]
        unknown = set(requested) - set(known)
        return ranked + [(item, 0.0) for item in requested if item in unknown]

    def lists(self, rows: TrainingSet, users: Sequence[Properties | None], limit: int) -> Codes:
        """Return the best codes of the whole catalogue for each of ``rows.user_ids``."""
        return self.model.lists(rows, users, limit)

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        self.model.save(folder, self.kind)

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "PersonalizedRanking":
        """Return what ``save`` has written."""
        return cls(UserPersonalization.restore(about, arrays))
