"""The content of all datasets, by dataset group and type."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from personalize_local.control import avro, resource_types
from personalize_local.control.registry import Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.data.history import History, Imported
from personalize_local.data.records import Records
from personalize_local.errors import InvalidInput
from personalize_local.toggles import Toggles
from recommender_models.record_columns import RecordColumns

INTERACTIONS, USERS, ITEMS = "INTERACTIONS", "USERS", "ITEMS"
ACTIONS, ACTION_INTERACTIONS = "ACTIONS", "ACTION_INTERACTIONS"
TYPES = (INTERACTIONS, USERS, ITEMS, ACTIONS, ACTION_INTERACTIONS)
OF_INTERACTIONS = frozenset({INTERACTIONS, ACTION_INTERACTIONS})


@dataclass(frozen=True)
class Tables:
    """A snapshot of the users and the items of a dataset group."""

    users: Records
    items: Records

    def save(self, folder: Path) -> dict[str, str | None]:
        """Write both into a job's folder; return their paths for its spec, None if empty."""
        named = {"users": self.users, "items": self.items}
        return {name: records.save(folder / f"{name}.json") if records else None for name, records in named.items()}


class Stores:
    """The content of each dataset: a History or Records."""

    def __init__(self, registry: Registry, toggles: Toggles) -> None:
        self._registry = registry
        self._toggles = toggles
        # Weak: the content of a deleted resource goes with it.
        self._histories: WeakKeyDictionary[Resource, History] = WeakKeyDictionary()
        self._records: WeakKeyDictionary[Resource, Records] = WeakKeyDictionary()
        self._nothing = Records()
        self.restoring = False  # what jobs have changed is in the snapshot that is being restored

    def dataset(self, group_arn: str, dataset_type: str) -> Resource | None:
        """Return the dataset of a type in a dataset group."""
        # By its ARN: each request looks for several datasets.
        account, _, group = group_arn.rpartition(":dataset-group/")
        path = resource_types.dataset_path(group, dataset_type)
        return self._registry.get(resource_types.DATASET, f"{account}:{path}")

    def datasets(self, group_arn: str) -> list[Resource]:
        """Return a dataset group's datasets."""
        candidates = (self.dataset(group_arn, dataset_type) for dataset_type in TYPES)
        return [dataset for dataset in candidates if dataset]

    def columns(self, dataset: Resource) -> dict[str, frozenset[str]]:
        """Return the Avro types of each column of a dataset."""
        return avro.columns(self.schema(dataset))

    def context_columns(self, group_arn: str) -> list[str]:
        """Return the columns that are the context of an interaction of a dataset group."""
        dataset = self.dataset(group_arn, INTERACTIONS)
        return sorted(avro.context_columns(self.schema(dataset)).values()) if dataset else []

    def learned_columns(self, group_arn: str, dataset_type: str) -> dict[str, bool]:
        """Return the columns that a training looks at, and whether each is textual; none without such a dataset."""
        dataset = self.dataset(group_arn, dataset_type)
        fields = avro.fields(self.schema(dataset)) if dataset else ()
        return {field.name: field.textual for field in fields if avro.is_learned(field)}

    def described_columns(self, group_arn: str) -> dict[str, bool]:
        """Return the learned columns of items and their name, a text, too. Raises InvalidInput without name or text.

        Which aws-semantic-similarity requires (Developer Guide, "Semantic-Similarity recipe").
        """
        dataset = self.dataset(group_arn, ITEMS)
        fields = avro.fields(self.schema(dataset)) if dataset else ()
        names = [field.name for field in fields if field.item_name]
        learned = self.learned_columns(group_arn, ITEMS)
        if not names or not any(learned.values()):
            raise InvalidInput("The recipe requires an Items dataset with a field of itemName and a textual field")
        return learned | dict.fromkeys(names, True)

    def schema(self, dataset: Resource) -> str:
        """Return the text of a dataset's schema."""
        text: str = self._registry.find(resource_types.SCHEMA, dataset.description["schemaArn"]).description["schema"]
        return text

    def history(self, group_arn: str) -> History | None:
        """Return the interactions of a dataset group, None if it has no Interactions dataset."""
        dataset = self.dataset(group_arn, INTERACTIONS)
        return self.history_for(dataset) if dataset else None

    def history_for(self, dataset: Resource) -> History:
        """Return the content of an Interactions or an Action interactions dataset, whose items are actions."""
        history = self._histories.get(dataset)
        if history is None:
            history = self._histories[dataset] = History(self._toggles)
        return history

    def records(self, group_arn: str, dataset_type: str) -> Records:
        """Return the users, the items or the actions of a dataset group; empty if it has no dataset for them."""
        dataset = self.dataset(group_arn, dataset_type)
        return self.records_for(dataset) if dataset else self._nothing

    def records_for(self, dataset: Resource) -> Records:
        """Return the content of a Users, an Items or an Actions dataset."""
        records = self._records.get(dataset)
        if records is None:
            records = self._records[dataset] = Records()
        return records

    def tables(self, group_arn: str) -> Tables:
        """Return a copy of a dataset group's users and items, for a job that starts now."""
        return Tables(*(self.records(group_arn, dataset_type).copy() for dataset_type in (USERS, ITEMS)))

    def read_import(self, dataset: Resource, job_folder: Path, *, replace: bool) -> Callable[[], None]:
        """Read an import from its folder; return the function that adds it to a dataset at once."""
        if self.restoring:
            return lambda: None
        if dataset.description["datasetType"] in OF_INTERACTIONS:
            imported = Imported(job_folder)
            return lambda: self.history_for(dataset).add_import(imported, replace=replace)
        rows = RecordColumns.load(job_folder / "records.json").properties()
        return lambda: self.records_for(dataset).add_import(rows, replace=replace)

    def forgetting(self, group_arn: str) -> Callable[[Collection[str]], Callable[[float], int]]:
        """Return the function that prepares to delete some users of a dataset group, which may be slow.

        It returns the function that deletes them at a time and returns the number of deleted rows.
        """
        histories = [
            self.history_for(dataset)
            for dataset in self.datasets(group_arn)
            if dataset.description["datasetType"] in OF_INTERACTIONS
        ]
        records = self.records(group_arn, USERS)

        def prepare(users: Collection[str]) -> Callable[[float], int]:
            if self.restoring:
                return lambda _: 0
            forgets = [history.forgetting(users) for history in histories]
            return lambda now: sum(forget(now) for forget in forgets) + records.forget(users)

        return prepare

    def save(self, folder: Path, root: Path) -> None:
        """Write the content of all datasets into a new folder; ``root`` has the folders of imports."""
        folder.mkdir()
        for number, dataset in enumerate(self._registry.all(resource_types.DATASET)):
            own = folder / str(number)
            if dataset in self._histories:
                self._histories[dataset].save(own, root)
            elif dataset in self._records:
                self._records[dataset].keep(own)
            else:
                continue
            (own / "dataset.json").write_text(json.dumps({"arn": dataset.arn}))

    def load(self, folder: Path, root: Path) -> None:
        """Give the existing datasets the content that was saved."""
        for own in folder.iterdir():
            dataset = self._registry.existing(json.loads((own / "dataset.json").read_text())["arn"])
            if (own / "imports.json").exists():
                self.history_for(dataset).load(own, root)
            else:
                self.records_for(dataset).restore(own)

    def import_folders(self) -> set[Path]:
        """Return the folders of the jobs whose imports of interactions are in a dataset."""
        return {folder for history in self._histories.values() for folder in history.import_folders}

    def open_dataset(self, dataset_arn: str) -> Resource:
        """Return an ACTIVE dataset. Raises ResourceNotFound, InvalidInput."""
        dataset = self._registry.find(resource_types.DATASET, dataset_arn)
        if dataset.status(self._registry.now()) != ACTIVE:
            raise InvalidInput(f"Dataset {dataset_arn} is not ACTIVE")
        return dataset
