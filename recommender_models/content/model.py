"""What a user's affinity for an item is by its attributes: of items without interactions, and of those with few.

    prediction(item) = mean of the user's affinities + f(item) · (F'F + λI)⁻¹ F' (their affinities - that mean)

with f the item's attributes and F those of the trained items. An item with n users gets

    (n · affinity + strength · prediction) / (n + strength)

so that attributes decide for a new item, and hardly matter for one that many have taken. An item of whose attributes
nothing is known keeps its own affinity, and gets none where it is new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommender_models.content import fit as fitting
from recommender_models.content.attributes import CREATED, Attributes
from recommender_models.content.fit import Regression
from recommender_models.record_columns import Properties, RecordColumns
from recommender_models.training_set import Floats, TrainingSet

PARTS = ("data", "indices", "indptr")


@dataclass(frozen=True, eq=False)
class NewItems:
    """Items without interactions: their attributes, and when each was created in epoch seconds, or infinity."""

    matrix: sparse.csr_array
    created: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.created)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Return of which items something is known."""
        return np.diff(self.matrix.indptr) > 0


@dataclass(frozen=True, eq=False)
class Content:
    """A trained model. ``trained``: attributes, a line for each trained item; ``users``: how many each of them has.

    ``newest``: the time of the newest interaction, from which the age of an item counts.
    """

    attributes: Attributes
    regression: Regression
    trained: sparse.csr_array
    users: Floats
    newest: float
    new: NewItems = field(default_factory=lambda: NewItems(sparse.csr_array((0, 0)), np.zeros(0)))

    @classmethod
    def of(cls, rows: TrainingSet, items: RecordColumns, affinities: Floats) -> "Content | None":
        """Learn from the affinities (users by trained items); None where attributes say nothing of them."""
        properties = items.properties()
        attributes = Attributes.of(items, rows.item_ids)
        trained = attributes.matrix([properties.get(item) for item in rows.item_ids])
        regression = fitting.fit(trained, affinities) if len(attributes) else None
        if regression is None:
            return None
        pairs = np.unique(rows.users.astype(np.int64) * len(rows.item_ids) + rows.items)
        users = np.bincount(pairs % len(rows.item_ids), minlength=len(rows.item_ids)).astype(np.float32)
        return cls(attributes, regression, trained, users, float(rows.times.max()))

    def with_new(self, items: Sequence[Properties | None]) -> "Content":
        """Return the same model with these items without interactions, in this order."""
        created = [_created((properties or {}).get(CREATED)) for properties in items]
        return replace(self, new=NewItems(self.attributes.matrix(items), np.array(created, dtype=np.float64)))

    def mixed(self, affinities: Floats, strength: float) -> Floats:
        """Return affinities, users by all items, the new ones last. Those of the trained ones keep their sums.

        ``affinities``: users by trained items, none below zero, each user's with a sum of one or none.
        """
        mean = affinities.mean(axis=1, keepdims=True)
        effects = (self.trained.T @ (affinities - mean).T).T @ self.regression.inverse
        weights = np.where(np.diff(self.trained.indptr) > 0, strength / (self.users + strength), 0).astype(np.float32)
        own = (1 - weights) * affinities + weights * _at_least_0(mean + (self.trained @ effects.T).T)
        own *= affinities.sum(axis=1, keepdims=True) / np.maximum(own.sum(axis=1, keepdims=True), 1e-30)
        new = _at_least_0(mean + (self.new.matrix @ effects.T).T) * self.new.known
        return np.hstack([own, new]).astype(np.float32, copy=False)

    def about(self) -> dict[str, Any]:
        """Return what a file of the model keeps beside ``arrays``."""
        regression = {"penalty": self.regression.penalty, "explained": self.regression.explained}
        return {"attributes": self.attributes.about(), "newest": self.newest, **regression}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what a file of the model keeps."""
        matrices = {"trained": self.trained, "new": self.new.matrix}
        parts = {f"{name}_{part}": getattr(matrix, part) for name, matrix in matrices.items() for part in PARTS}
        return parts | {"inverse": self.regression.inverse, "users": self.users, "created": self.new.created}

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "Content":
        """Return what ``about`` and ``arrays`` were taken from."""
        attributes = Attributes(**about["attributes"])
        trained, new = (_matrix(arrays, name, len(attributes)) for name in ("trained", "new"))
        regression = Regression(arrays["inverse"], about["penalty"], about["explained"])
        return cls(attributes, regression, trained, arrays["users"], about["newest"], NewItems(new, arrays["created"]))


def _matrix(arrays: Mapping[str, np.ndarray], name: str, columns: int) -> sparse.csr_array:
    parts = tuple(arrays[f"{name}_{part}"] for part in PARTS)
    return sparse.csr_array(parts, shape=(len(parts[2]) - 1, columns))


def _at_least_0(values: Floats) -> Floats:
    return np.maximum(values, 0)


def _created(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.inf
