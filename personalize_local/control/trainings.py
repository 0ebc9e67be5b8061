"""Starts trainings of solution versions and recommenders, and keeps what each has left: a model and its metrics."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from personalize_local.control.pending_jobs import Apply, PendingJobs
from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.data.history import link_or_copy
from personalize_local.data.stores import ACTION_INTERACTIONS, ACTIONS, ITEMS, Stores
from personalize_local.errors import InvalidInput, ResourceInUse
from personalize_local.toggles import Toggles

SEMANTIC_SIMILARITY, NEXT_BEST_ACTION = "aws-semantic-similarity", "aws-next-best-action"
FULL, UPDATE, AUTOTRAIN = "FULL", "UPDATE", "AUTOTRAIN"  # training modes


class Trainings:
    """All trainings. ``sizes``: how many interactions each had."""

    def __init__(self, registry: Registry, stores: Stores, pending_jobs: PendingJobs, toggles: Toggles) -> None:
        self._registry = registry
        self._stores = stores
        self._pending_jobs = pending_jobs
        self._toggles = toggles
        self._trained: WeakKeyDictionary[Resource, tuple[Path, Mapping[str, Any]]] = WeakKeyDictionary()
        self.sizes: WeakKeyDictionary[Resource, int] = WeakKeyDictionary()

    def require_interactions(self, group_arn: str) -> None:
        """Raise InvalidInput unless a dataset group has an Interactions dataset."""
        if self._stores.history(group_arn) is None:
            raise InvalidInput("The dataset group has no Interactions dataset")

    def require_datasets(self, group_arn: str, recipe: str) -> None:
        """Raise InvalidInput unless a dataset group has the datasets that a recipe requires."""
        if recipe == SEMANTIC_SIMILARITY:
            self._stores.described_columns(group_arn)
            return
        self.require_interactions(group_arn)
        if recipe == NEXT_BEST_ACTION:
            self.require_actions(group_arn)

    def amount(self, group_arn: str, recipe: str) -> int:
        """Return how much there is to train on: interactions, or for a recipe on items alone, changes of these."""
        if recipe == SEMANTIC_SIMILARITY:
            return self._stores.records(group_arn, ITEMS).version
        history = self._stores.history(group_arn)
        return history.size(self._registry.now()) if history else 0

    def require_actions(self, group_arn: str) -> None:
        """Raise InvalidInput unless a dataset group has an Actions dataset."""
        if self._stores.dataset(group_arn, ACTIONS) is None:
            raise InvalidInput("The recipe requires an Actions dataset, and the dataset group has none")

    def inputs(self, group_arn: str) -> tuple[Resource, ...]:
        """Return what cannot be deleted while a training runs."""
        return tuple(self._stores.datasets(group_arn))

    def start(self, resource: Resource, group_arn: str, recipe: str, solution: Mapping[str, Any], since: float) -> None:
        """Train a recipe's model on the data that is visible now; the resource is ACTIVE when that has succeeded.

        ``solution``: the options of CreateSolution. ``since``: when the solution or recommender was created, which does
        not train on columns that a dataset has had for a shorter time (see ``DatasetControl.update_dataset``). The
        dataset group has what ``require_datasets`` asks for.
        """
        history, now = self._stores.history(group_arn), self._registry.now()
        self.sizes[resource] = int(self._registry.first(self.amount(group_arn, recipe)))
        snapshot, tables = history.snapshot(now) if history else None, self._stores.tables(group_arn)
        semantic = recipe == SEMANTIC_SIMILARITY
        columns = self._stores.described_columns(group_arn) if semantic else None
        item_columns = columns or self._stores.learned_columns(group_arn, ITEMS)
        context_columns = self._stores.context_columns(group_arn)
        actions = self._stores.dataset(group_arn, ACTION_INTERACTIONS)
        of_actions = self._stores.history_for(actions).snapshot(now) if actions else None
        folder_id = self._folder_id(resource)
        newer = {
            dataset.description["datasetType"]: [name for name, at in dataset.columns_added_at.items() if at > since]
            for dataset in self._stores.datasets(group_arn)
        }
        seed, minimums = int(self._registry.new_id()[:8], 16), self._toggles.minimums

        def prepare(folder: Path) -> dict[str, Any]:
            return {
                "recipe": recipe,
                "solution": solution,
                "interactions": snapshot.save(folder) if snapshot else [],
                **tables.save(folder),
                "action_interactions": of_actions.save(folder / "actions") if of_actions else [],
                "newer_columns": newer,
                "item_columns": item_columns,
                "context_columns": context_columns,
                "minimums": minimums,
                "seed": seed,
            }

        def read(folder: Path, result: Mapping[str, Any]) -> Apply:
            return lambda: self._apply(resource, folder, result)

        self._pending_jobs.start("training", resource, folder_id, prepare, read)

    def start_update(self, version: Resource, updated: Resource, group_arn: str) -> None:
        """Make a version of the model of an earlier one, which it gives the items that there are now.

        It counts as trained on what the earlier one was, so that an automatic training is due as without it.
        """
        self.sizes[version] = self.sizes[updated]
        trained, result = self._trained[updated]
        tables = self._stores.tables(group_arn)

        def prepare(folder: Path) -> dict[str, Any]:
            for name in ("model", "interactions"):
                shutil.copytree(trained / name, folder / name, copy_function=link_or_copy)
            return {"updated": str(folder), "trained": dict(result), **tables.save(folder)}

        def read(folder: Path, result: Mapping[str, Any]) -> Apply:
            return lambda: self._apply(version, folder, result)

        self._pending_jobs.start("training", version, self._folder_id(version), prepare, read)

    def stop(self, resource: Resource) -> None:
        """Give up the training of a resource, if it runs."""
        self._pending_jobs.stop(resource.arn)

    def _folder_id(self, resource: Resource) -> str:
        """Return the last part of an ARN that ends in an id of its own, else a new id: a name may be used again."""
        parent, _, last = resource.arn.rpartition("/")
        return last if "/" in parent else self._registry.new_id()

    def _apply(self, resource: Resource, folder: Path, result: Mapping[str, Any]) -> None:
        self._trained[resource] = folder, result

    def folder(self, resource: Resource) -> Path:
        """Return the folder of a model. Raises ResourceInUse while there is none."""
        if resource not in self._trained:
            raise ResourceInUse(f"{resource.arn} is not trained")
        return self._trained[resource][0]

    def folders(self, resources: Iterable[Resource]) -> set[Path]:
        """Return the folders of the models of some resources, without those that are not trained."""
        return {self._trained[resource][0] for resource in resources if resource in self._trained}

    def result(self, resource: Resource) -> Mapping[str, Any]:
        """Return what a training has found out; nothing while it runs, or if it has failed."""
        return self._trained[resource][1] if resource in self._trained else {}
