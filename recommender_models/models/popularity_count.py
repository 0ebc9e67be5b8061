"""The same list for everybody: items by how often they occur in everything that was trained on.

Counts know no window and no weights by age (Developer Guide, "Popularity-Count recipe").
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender_models.history import Event
from recommender_models.models import files
from recommender_models.models.lists import Catalogue, Scored, Selection, top
from recommender_models.models.segments import Properties
from recommender_models.models.user_personalization import catalogue_of
from recommender_models.record_columns import RecordColumns
from recommender_models.settings import Settings
from recommender_models.training_set import Codes, Floats, TrainingSet

SMOOTHING = 1e-6  # of an item that only the Items dataset knows


class PopularityCount:
    """Trained counts."""

    kind = "popularity"

    def __init__(self, catalogue: Catalogue, shares: Floats) -> None:
        """``shares``: one an item, positive, summing to one."""
        self.catalogue = catalogue
        self.shares = shares

    @classmethod
    def fit(
        cls, rows: TrainingSet, users: RecordColumns, items: RecordColumns, settings: Settings
    ) -> "PopularityCount":
        """Count interactions by weight; neither users nor settings matter."""
        catalogue = catalogue_of(rows, items)
        return cls(catalogue, shares(np.bincount(rows.items, rows.weights, len(catalogue))))

    def recommend(
        self,
        history: Sequence[Event],
        limit: int,
        *,
        user: Properties | None = None,
        selection: Selection | None = None,
    ) -> Scored:
        """Return the items that occur most, whoever asks; equal ones in the order of their ids."""
        return self.catalogue.best(self.shares, limit, selection)

    def lists(self, rows: TrainingSet, users: Sequence[Properties | None], limit: int) -> Codes:
        """Return the same codes for each of ``rows.user_ids``."""
        best = top(self.shares, limit)
        padded = np.concatenate([best, np.full(limit - len(best), -1, dtype=best.dtype)])
        return np.tile(padded, (len(rows.user_ids), 1))

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        files.save(folder, {"kind": self.kind, "item_ids": list(self.catalogue.ids)}, {"shares": self.shares})

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "PopularityCount":
        """Return what ``save`` has written."""
        return cls(Catalogue(about["item_ids"]), arrays["shares"])


def shares(counts: npt.NDArray) -> Floats:
    """Return each item's share of the interactions; one without any has one, too."""
    smoothed = counts + SMOOTHING
    return (smoothed / smoothed.sum()).astype(np.float32)
