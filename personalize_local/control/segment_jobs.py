"""Batch segment jobs: the users with the highest affinity to items, by a solution version of a segment recipe."""

from pathlib import Path
from typing import Any

from personalize_local.control import resource_types
from personalize_local.control.batches import s3_locations
from personalize_local.control.filters import FilterControl
from personalize_local.control.pending_jobs import PendingJobs
from personalize_local.control.registry import Registry
from personalize_local.control.resources import Resource
from personalize_local.control.trainings import Trainings
from personalize_local.data.stores import ITEMS, Stores
from personalize_local.errors import InvalidInput
from personalize_rules.filters.syntax import FOR_USERS
from personalize_rules.recipes import PREFIX, SEGMENTATION, TYPES

DEFAULT_RESULTS, MOST_RESULTS = 25, 5_000_000  # CreateBatchSegmentJob, numResults
BY_ATTRIBUTE = "aws-item-attribute-affinity"
Request = dict[str, Any]


class SegmentControl:
    """Batch segment jobs; ``s3_endpoint`` serves their files, ``seconds`` is the shortest time of a job."""

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

    def create_batch_segment_job(self, request: Request) -> dict[str, str]:
        """Start a job for an ACTIVE version, on the users that it was trained on.

        Raises ResourceInUse, ResourceNotFound, ResourceAlreadyExists, InvalidInput (another recipe, a filter that is
        not one for users).
        """
        version = self._registry.find(resource_types.SOLUTION_VERSION, request["solutionVersionArn"])
        version.require_active(self._registry.now())
        recipe = version.description["recipeArn"].removeprefix(PREFIX)
        if TYPES[recipe] != SEGMENTATION:
            raise InvalidInput(f"{recipe} is not a recipe for user segments: use CreateBatchInferenceJob")
        if not 0 <= request.get("numResults", DEFAULT_RESULTS) <= MOST_RESULTS:
            raise InvalidInput(f"numResults must be 0 to {MOST_RESULTS}")
        spec = self._spec(request, version, recipe)
        keys = ("jobName", "solutionVersionArn", "filterArn", "numResults", "jobInput", "jobOutput", "roleArn")
        description = {key: request[key] for key in keys if key in request}
        arn = self._registry.arn(f"batch-segment-job/{request['jobName']}")
        now, inputs = self._registry.now(), (version.inputs[0],)
        job = Resource(resource_types.BATCH_SEGMENT_JOB, arn, description, now, self._seconds, inputs=inputs)
        self._registry.add(job)
        tables = self._stores.tables(version.description["datasetGroupArn"])

        def prepare(folder: Path) -> dict[str, Any]:
            return {**spec, **tables.save(folder)}

        self._pending_jobs.start("segments", job, self._registry.new_id(), prepare, lambda *_: lambda: None)
        return {"batchSegmentJobArn": arn}

    def _spec(self, request: Request, version: Resource, recipe: str) -> dict[str, Any]:
        items = self._stores.dataset(version.description["datasetGroupArn"], ITEMS)
        columns = self._stores.columns(items) if items else {}
        return {
            "version": str(self._trainings.folder(version)),
            "recipe": recipe,
            "solution": version.description,
            **s3_locations(request),
            "s3_endpoint": self._s3_endpoint,
            "num_results": request.get("numResults") or DEFAULT_RESULTS,
            "columns": {name: sorted(types) for name, types in columns.items()},
            "users_filter": self._users_filter(request, version, recipe) if "filterArn" in request else None,
        }

    def _users_filter(self, request: Request, version: Resource, recipe: str) -> dict[str, Any]:
        """Return the filter for the spec. Raises InvalidInput for one on interactions with the recipe for attributes.

        Which that cannot have (Developer Guide, "Guidelines and requirements" of filter expressions).
        """
        arn, group = request["filterArn"], version.description["datasetGroupArn"]
        if self._filters.require(arn, group, FOR_USERS).needs_interactions and recipe == BY_ATTRIBUTE:
            raise InvalidInput(f"A filter on interactions cannot be used with {BY_ATTRIBUTE}")
        return self._filters.spec(arn, group, FOR_USERS)
