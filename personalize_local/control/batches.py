"""Batch inference jobs: recommendations for a file of users or items, by a solution version, without a campaign."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local import exploration
from personalize_local.control import resource_types
from personalize_local.control.filters import FilterControl
from personalize_local.control.pending_jobs import PendingJobs
from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.control.trainings import Trainings
from personalize_local.data.stores import Stores
from personalize_local.errors import InvalidInput, NotServed
from personalize_rules.recipes import PREFIX

# Developer Guide, "Getting batch item recommendations" and the pages of these recipes.
WITHOUT_BATCHES = frozenset(
    {"aws-trending-now", "aws-next-best-action", "aws-item-affinity", "aws-item-attribute-affinity"}
)
DEFAULT_RESULTS, MOST_RESULTS = 25, 500
Request = dict[str, Any]


class BatchControl:
    """Batch inference jobs; ``s3_endpoint`` serves their files, ``seconds`` is the shortest time of a job."""

    def __init__(
        self,
        registry: Registry,
        stores: Stores,
        *,
        pending_jobs: PendingJobs,
        trainings: Trainings,
        filters: FilterControl,
        s3_endpoint: str | None,
        seconds: float,
    ) -> None:
        self._registry = registry
        self._stores = stores
        self._pending_jobs = pending_jobs
        self._trainings = trainings
        self._filters = filters
        self._s3_endpoint = s3_endpoint
        self._seconds = seconds

    def create_batch_inference_job(self, request: Request) -> dict[str, str]:
        """Start a job for an ACTIVE version. It uses the histories that the version was trained on, as in the service.

        Raises ResourceInUse, ResourceNotFound, ResourceAlreadyExists, InvalidInput, NotServed (themes).
        """
        version = self._registry.find(resource_types.SOLUTION_VERSION, request["solutionVersionArn"])
        version.require_active(self._registry.now())
        recipe = version.description["recipeArn"].removeprefix(PREFIX)
        if recipe in WITHOUT_BATCHES:
            raise InvalidInput(f"{recipe} has no batch recommendations")
        if request.get("batchInferenceJobMode", "BATCH_INFERENCE") != "BATCH_INFERENCE":
            raise NotServed("theme generation is not served locally")
        if not 0 <= request.get("numResults", DEFAULT_RESULTS) <= MOST_RESULTS:
            raise InvalidInput(f"numResults must be 0 to {MOST_RESULTS}")
        exploration.checked(request.get("batchInferenceJobConfig", {}))
        spec = self._spec(request, version)
        keys = ("jobName", "solutionVersionArn", "filterArn", "numResults", "jobInput", "jobOutput", "roleArn")
        description = {key: request[key] for key in (*keys, "batchInferenceJobConfig") if key in request}
        description["batchInferenceJobMode"] = "BATCH_INFERENCE"
        arn = self._registry.arn(f"batch-inference-job/{request['jobName']}")
        now, inputs = self._registry.now(), (version.inputs[0],)
        job = Resource(resource_types.BATCH_INFERENCE_JOB, arn, description, now, self._seconds, inputs=inputs)
        self._registry.add(job)
        tables = self._stores.tables(version.description["datasetGroupArn"])

        def prepare(folder: Path) -> Mapping[str, Any]:
            return {**spec, **tables.save(folder)}

        self._pending_jobs.start("inference", job, self._registry.new_id(), prepare, lambda *_: lambda: None)
        return {"batchInferenceJobArn": arn}

    def _spec(self, request: Request, version: Resource) -> dict[str, Any]:
        filtered: dict[str, Any] = {"filter": None, "columns": {}}
        if "filterArn" in request:
            filtered = self._filters.spec(request["filterArn"], version.description["datasetGroupArn"])
        return {
            "version": str(self._trainings.folder(version)),
            "solution": version.description,
            **s3_locations(request),
            "s3_endpoint": self._s3_endpoint,
            "config": request.get("batchInferenceJobConfig", {}),
            "num_results": request.get("numResults") or DEFAULT_RESULTS,
            **filtered,
        }


def s3_locations(request: Request) -> dict[str, str]:
    """Return where a batch job's input and output are, for its spec. Raises InvalidInput unless both are in S3."""
    source, destination = request["jobInput"]["s3DataSource"], request["jobOutput"]["s3DataDestination"]
    for name, location in (("jobInput", source), ("jobOutput", destination)):
        if not location["path"].startswith("s3://"):
            raise InvalidInput(f"{name} must be an S3 location: s3://bucket/key")
    return {"data_location": source["path"], "output_location": destination["path"]}
