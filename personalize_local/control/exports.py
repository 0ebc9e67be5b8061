"""Dataset export jobs, which write the content of a dataset into S3 as CSV.

https://docs.aws.amazon.com/personalize/latest/dg/export-data.html
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from personalize_local.control import avro, resource_types
from personalize_local.control.pending_jobs import PendingJobs, Prepare
from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.data.archive import NOTHING
from personalize_local.data.records import ALL, PUT
from personalize_local.data.stores import OF_INTERACTIONS, Stores
from personalize_local.errors import InvalidInput, NotServed

KEPT = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID", "EVENT_TYPE", "TIMESTAMP", "EVENT_VALUE"})
Request = dict[str, Any]


class ExportControl:
    """Export jobs; ``s3_endpoint`` takes their files, ``seconds`` is the shortest time of a job."""

    def __init__(
        self, registry: Registry, stores: Stores, *, pending_jobs: PendingJobs, s3_endpoint: str | None, seconds: float
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._pending_jobs = pending_jobs
        self._s3_endpoint = s3_endpoint
        self._seconds = seconds

    def create_dataset_export_job(self, request: Request) -> dict[str, str]:
        """Export what was imported (BULK), what was put (PUT, the default), or both (ALL), as it is now.

        Raises ResourceInUse (the dataset is not ACTIVE, or users are being deleted), ResourceAlreadyExists,
        InvalidInput, NotServed (the schema requires a column that is not kept here).
        """
        dataset = self._registry.find(resource_types.DATASET, request["datasetArn"])
        dataset.require_active(self._registry.now())
        self._registry.refuse_running(resource_types.DELETION_JOB, dataset)
        location = request["jobOutput"]["s3DataDestination"]["path"]
        if not location.startswith("s3://"):
            raise InvalidInput("jobOutput must be an S3 location: s3://bucket/folder/")
        self._refuse_columns(dataset)
        mode = request.get("ingestionMode", PUT)
        keys = ("jobName", "datasetArn", "roleArn", "jobOutput")
        description = {key: request[key] for key in keys} | {"ingestionMode": mode}
        arn = self._registry.arn(f"dataset-export-job/{request['jobName']}")
        job = Resource(
            resource_types.EXPORT_JOB,
            arn,
            description,
            self._registry.now(),
            self._seconds,
            inputs=(dataset,),
            owner=dataset,
        )
        self._registry.add(job)
        prepare = self._prepare(dataset, mode, request["jobName"], location)
        self._pending_jobs.start("exporting", job, self._registry.new_id(), prepare, lambda *_: lambda: None)
        return {"datasetExportJobArn": arn}

    def _refuse_columns(self, dataset: Resource) -> None:
        if dataset.description["datasetType"] not in OF_INTERACTIONS:
            return
        schema = self._stores.schema(dataset)
        kept = KEPT.union(avro.context_columns(schema).values())
        if lost := [each.name for each in avro.fields(schema) if each.name not in kept and "null" not in each.types]:
            raise NotServed(f"{', '.join(lost)} of interactions can't be exported locally: it is not kept")

    def _prepare(self, dataset: Resource, mode: str, name: str, location: str) -> Prepare:
        spec = {
            "schema": self._stores.schema(dataset),
            "output_location": location,
            "name": name,
            "s3_endpoint": self._s3_endpoint,
        }
        if dataset.description["datasetType"] not in OF_INTERACTIONS:
            records = self._stores.records_for(dataset).exported(mode)

            def with_records(folder: Path) -> Mapping[str, Any]:
                records.save(folder / "records.json")
                return {**spec, "records": str(folder / "records.json")}

            return with_records
        snapshot = self._stores.history_for(dataset).snapshot(self._registry.now())
        if mode == PUT:
            snapshot = replace(snapshot, imports=())
        elif mode != ALL:
            snapshot = replace(snapshot, archived=NOTHING, streamed=[])
        return lambda folder: {**spec, "interactions": snapshot.save(folder)}
