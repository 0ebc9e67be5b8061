"""Import jobs and data deletion jobs, which change a dataset in bulk."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local.control import resource_types
from personalize_local.control.pending_jobs import Apply, PendingJobs
from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource, ResourceType
from personalize_local.data.ledger import Ledger
from personalize_local.data.stores import INTERACTIONS, Stores
from personalize_local.errors import InvalidInput
from personalize_local.toggles import Toggles

# Amazon Personalize, quotas: rows of an import of interactions.
LEAST_ROWS = 1000
# What reads or writes the same data. That an export refuses it, too, is a rule of the local service's alone.
REFUSING_DELETION = (
    resource_types.IMPORT_JOB,
    resource_types.EXPORT_JOB,
    resource_types.SOLUTION_VERSION,
    resource_types.RECOMMENDER,
    resource_types.RETRAINING,
    resource_types.DELETION_JOB,
)
Request = dict[str, Any]


class DataJobControl:
    """Both kinds of jobs; ``s3_endpoint`` serves their files, ``seconds`` is the shortest time of a job."""

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        *,
        pending_jobs: PendingJobs,
        ledger: Ledger,
        toggles: Toggles,
        s3_endpoint: str | None,
        seconds: float,
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._pending_jobs = pending_jobs
        self._ledger = ledger
        self._toggles = toggles
        self._s3_endpoint = s3_endpoint
        self._seconds = seconds

    def create_dataset_import_job(self, request: Request) -> dict[str, str]:
        """Import CSV files from S3 into a dataset; FULL, the default, replaces earlier imports.

        Raises ResourceInUse (another import into this dataset, or a deletion, is running), ResourceAlreadyExists.
        """
        dataset = self._registry.find(resource_types.DATASET, request["datasetArn"])
        dataset.require_lasting(self._registry.now())
        self._registry.refuse_running(resource_types.IMPORT_JOB, dataset)
        self._registry.refuse_running(resource_types.DELETION_JOB, dataset)
        mode = request.get("importMode", "FULL")
        keys = ("jobName", "datasetArn", "dataSource", "roleArn", "publishAttributionMetricsToS3")
        description = _description(request, keys) | {"importMode": mode}
        job = self._add(resource_types.IMPORT_JOB, "dataset-import-job", description, inputs=(dataset,), owner=dataset)
        spec = self._import_spec(dataset, _location(request))

        def read(folder: Path, _: Mapping[str, Any]) -> Apply:
            return self._stores.read_import(dataset, folder, replace=mode == "FULL")

        self._pending_jobs.start("importing", job, self._registry.new_id(), lambda _: spec, read)
        return {"datasetImportJobArn": job.arn}

    def _import_spec(self, dataset: Resource, location: str) -> dict[str, Any]:
        dataset_type = dataset.description["datasetType"]
        few = dataset_type == INTERACTIONS and self._toggles.minimums
        return {
            "dataset_type": dataset_type,
            "schema": self._stores.schema(dataset),
            "data_location": location,
            "s3_endpoint": self._s3_endpoint,
            "minimum_rows": LEAST_ROWS if few else 1,
        }

    def create_data_deletion_job(self, request: Request) -> dict[str, str]:
        """Delete the interactions and the records of the users in a CSV file.

        Raises ResourceInUse while an import, an export, a training or another deletion is running in the dataset group.
        """
        group = self._registry.find(resource_types.DATASET_GROUP, request["datasetGroupArn"])
        group.require_active(self._registry.now())
        datasets = self._stores.datasets(group.arn)
        for resource in (group, *datasets):
            for kind in REFUSING_DELETION:
                self._registry.refuse_running(kind, resource)
        description = _description(request, ("jobName", "datasetGroupArn", "dataSource", "roleArn"))
        inputs = (group, *datasets)
        job = self._add(resource_types.DELETION_JOB, "data-deletion-job", description, inputs=inputs, owner=group)
        spec = {"data_location": _location(request), "s3_endpoint": self._s3_endpoint}

        prepare = self._stores.forgetting(group.arn)

        def read(_: Path, result: Mapping[str, Any]) -> Apply:
            forget = prepare(result["users"])

            def apply() -> None:
                # In a replay the imports on disk no longer hold these users, so the first number counts.
                job.description["numDeleted"] = int(self._registry.first(forget(self._registry.now())))
                self._ledger.forget(result["users"])

            return apply

        self._pending_jobs.start("deletion", job, self._registry.new_id(), lambda _: spec, read)
        return {"dataDeletionJobArn": job.arn}

    def _add(self, resource_type: ResourceType, path: str, description: dict[str, Any], **relations: Any) -> Resource:
        arn = self._registry.arn(f"{path}/{description['jobName']}")
        job = Resource(resource_type, arn, description, self._registry.now(), self._seconds, **relations)
        self._registry.add(job)
        return job


def _location(request: Request) -> str:
    location = request["dataSource"].get("dataLocation", "")
    if not location.startswith("s3://"):
        raise InvalidInput("dataSource.dataLocation must be an S3 location: s3://bucket/key")
    return str(location)


def _description(request: Request, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: request[key] for key in keys if key in request}
