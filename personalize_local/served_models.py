"""The models of what serves: loaded with their first request, and told of new items.

SciPy is loaded with the first of them: it takes half of a start, and many services never answer a request. Amazon
Personalize updates the User-Personalization recipes every two hours, so that new items are considered, without a
training (Developer Guide, "User-Personalization recipe", automatic updates). Here that takes seconds. A version of the
training mode UPDATE has no automatic updates (CreateSolutionVersion).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.control.trainings import UPDATE, Trainings
from personalize_local.data.stores import ITEMS, Stores

if TYPE_CHECKING:
    from recommender_models.models import Loaded

UPDATE_EVERY = 5.0  # seconds: between two looks at an Items dataset that has changed


@dataclass
class Served:
    """``items``: the version of the Items dataset that the model knows, since ``updated_at``.

    ``follows``: whether it looks at that dataset.
    """

    model: "Loaded"
    follows: bool
    items: int = -1
    updated_at: float = -UPDATE_EVERY


class ServedModels:
    """The models by what was trained. ``served`` returns what still serves: other models are dropped."""

    def __init__(
        self, registry: Registry, stores: Stores, trainings: Trainings, served: Callable[[], set[Resource]]
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._trainings = trainings
        self._kept = served
        self._served: dict[Resource, Served] = {}

    def model(self, trained: Resource, group_arn: str) -> "Loaded":
        """Return the model of a training; a model for users, or of words, knows the items of seconds ago."""
        served = self._served.get(trained) or self._load(trained)
        if served.follows:
            self._update(group_arn, trained, served)
        return served.model

    def _load(self, trained: Resource) -> Served:
        from recommender_models import models

        kept = self._kept()
        self._served = {known: served for known, served in self._served.items() if known in kept}
        model = models.load(self._trainings.folder(trained) / "model")
        # Which models have ``with_new_items``, and give another one.
        learned = isinstance(model, models.UserPersonalization) and model.content is not None
        follows = learned or isinstance(model, models.SemanticSimilarity)
        served = self._served[trained] = Served(model, follows and trained.description.get("trainingMode") != UPDATE)
        return served

    def _update(self, group_arn: str, trained: Resource, served: Served) -> None:
        now = self._registry.now()
        if now < served.updated_at + UPDATE_EVERY:
            return
        from recommender_models.models import SemanticSimilarity, UserPersonalization

        items = self._stores.records(group_arn, ITEMS)
        if items.version == served.items:
            return
        if isinstance(served.model, UserPersonalization) or (
            isinstance(served.model, SemanticSimilarity) and _is_incremental(trained)
        ):
            served.model = served.model.with_new_items(items)
        served.items, served.updated_at = items.version, now


def _is_incremental(version: Resource) -> bool:
    """Return whether the solution of a version updates its model without a training; true by default."""
    return version.owner is None or version.owner.description.get("performIncrementalUpdate", True)
