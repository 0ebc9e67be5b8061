"""Which users want an item, or items of a kind, most: the scores of ``user_personalization``, read by item.

A user's affinity to items is the sum of their scores: the share of the user's wishes that these items have. A user with
few events can come before one with many.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recommender_models.models.lists import Catalogue
from recommender_models.models.segments import Properties
from recommender_models.models.user_personalization import UserPersonalization
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, Floats, TrainingSet


class UserSegments:
    """A trained model; it ranks users, and recommends nothing."""

    kind = "user-segments"

    def __init__(self, model: UserPersonalization) -> None:
        self.model = model

    @classmethod
    def fit(cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings) -> "UserSegments":
        """Train on at least one interaction."""
        return cls(UserPersonalization.fit(rows, users, items, settings))

    @property
    def catalogue(self) -> Catalogue:
        """The items that were trained on."""
        return self.model.catalogue

    def affinities(
        self, rows: TrainingSet, users: Sequence[Properties | None], wanted: Sequence[Sequence[str]]
    ) -> Floats:
        """Return the affinity of each of ``rows.user_ids`` to each of ``wanted``, lists of items; users by lists.

        ``users``: properties, one a user. Items that the training did not know are passed over.
        """
        code = self.catalogue.code
        of_list = np.zeros((len(self.catalogue), len(wanted)), dtype=np.float32)
        for column, items in enumerate(wanted):
            of_list[[code[item] for item in items if item in code], column] = 1
        coded = rows.for_items(self.catalogue.ids[: len(self.model.similarities)])  # the others have no history
        return np.concatenate([scores @ of_list for scores in self.model.blocks(coded, users)])

    def lists(self, rows: TrainingSet, users: Sequence[Properties | None], limit: int) -> Codes:
        """Return the best codes of the whole catalogue for each of ``rows.user_ids``."""
        return self.model.lists(rows, users, limit)

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        self.model.save(folder, self.kind)

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "UserSegments":
        """Return what ``save`` has written."""
        return cls(UserPersonalization.restore(about, arrays))
