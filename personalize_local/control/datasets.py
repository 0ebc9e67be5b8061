"""Creates schemas, dataset groups, their datasets and event trackers, under the service's preconditions."""

from typing import Any

from personalize_local.control import avro, resource_types
from personalize_local.control.registry import ACCOUNT, Registry
from personalize_local.control.resources import ACTIVE, Resource
from personalize_local.data.stores import ACTION_INTERACTIONS
from personalize_local.errors import InvalidInput, LimitExceeded

REPLACEABLE = ("USERS", "ITEMS")  # the types of datasets whose schema may be replaced
Request = dict[str, Any]


class DatasetControl:
    """The Create operations of all data resources; ``seconds`` is the time until each is ACTIVE."""

    def __init__(self, registry: Registry, seconds: float) -> None:
        self._registry = registry
        self._seconds = seconds

    def create_schema(self, request: Request) -> dict[str, str]:
        """Create a schema, without delay. Raises InvalidInput (not Avro, a required field is missing)."""
        avro.check(request["schema"], request.get("domain"))
        shown = ("name", "schema", "domain")
        return self._add(resource_types.SCHEMA, f"schema/{request['name']}", request, shown, seconds=0.0)

    def create_dataset_group(self, request: Request) -> dict[str, str]:
        """Create a dataset group, a custom one unless the request names a domain. Raises ResourceAlreadyExists."""
        shown = ("name", "roleArn", "kmsKeyArn", "domain")
        answer = self._add(resource_types.DATASET_GROUP, f"dataset-group/{request['name']}", request, shown)
        return answer | ({"domain": request["domain"]} if "domain" in request else {})

    def create_dataset(self, request: Request) -> dict[str, str]:
        """Create the dataset of a type in an ACTIVE dataset group. Raises ResourceInUse, InvalidInput."""
        schema = self._registry.find(resource_types.SCHEMA, request["schemaArn"])
        group = self._active_group(request)
        made_for = avro.dataset_type(schema.description["schema"])
        if made_for.lower() != request["datasetType"].lower().replace("_", ""):
            raise InvalidInput(f"The schema is one for {made_for}, not for {request['datasetType']}")
        if schema.description.get("domain") != group.description.get("domain"):
            raise InvalidInput(f"{schema.arn} and {group.arn} are not of the same domain")
        dataset_type = request["datasetType"].upper()
        path = resource_types.dataset_path(group.description["name"], dataset_type)
        shown = ("name", "datasetGroupArn", "schemaArn", "trackingId")
        tracking = {"trackingId": self._registry.new_id()} if dataset_type == ACTION_INTERACTIONS else {}
        return self._add(
            resource_types.DATASET,
            path,
            {**request, "datasetType": dataset_type, **tracking},
            (*shown, "datasetType"),
            (group, schema),
        )

    def update_dataset(self, request: Request) -> dict[str, str]:
        """Replace the schema of an ACTIVE Users or Items dataset by one with more fields, at once.

        https://docs.aws.amazon.com/personalize/latest/dg/updating-dataset-schema.html: all fields stay as they are, and
        new ones allow null. Raises ResourceNotFound, ResourceInUse, InvalidInput.
        """
        dataset = self._registry.find(resource_types.DATASET, request["datasetArn"])
        schema = self._registry.find(resource_types.SCHEMA, request["schemaArn"])
        now = self._registry.now()
        dataset.require_active(now)
        before = self._registry.find(resource_types.SCHEMA, dataset.description["schemaArn"])
        if dataset.description["datasetType"] not in REPLACEABLE:
            raise InvalidInput(f"{dataset.arn} is neither a Users nor an Items dataset")
        if schema.description.get("domain") != before.description.get("domain"):
            raise InvalidInput(f"{schema.arn} and {before.arn} are not of the same domain")
        for name in avro.added(before.description["schema"], schema.description["schema"]):
            dataset.columns_added_at[name] = now
        dataset.description["schemaArn"] = schema.arn
        dataset.parents = (dataset.parents[0], schema)
        times = {"creationDateTime": now, "lastUpdatedDateTime": now}
        dataset.description["latestDatasetUpdate"] = {"schemaArn": schema.arn, "status": ACTIVE, **times}
        return {"datasetArn": dataset.arn}

    def create_event_tracker(self, request: Request) -> dict[str, str]:
        """Create the event tracker of an ACTIVE dataset group; also returns ``trackingId``.

        Raises ResourceInUse, ResourceAlreadyExists (the name), LimitExceeded (a dataset group has one at most).
        """
        group = self._active_group(request)
        trackers = list(self._registry.all(resource_types.EVENT_TRACKER))
        for tracker in trackers:
            if tracker.description["name"] == request["name"]:
                self._registry.refuse_duplicate(tracker.arn)
        if any(group in tracker.parents for tracker in trackers):
            raise LimitExceeded(f"{group.arn} already has an event tracker, and may have one")
        request = {**request, "accountId": ACCOUNT, "trackingId": self._registry.new_id()}
        path = f"event-tracker/{self._registry.new_id()[:8]}"
        shown = ("name", "accountId", "trackingId", "datasetGroupArn")
        answer = self._add(resource_types.EVENT_TRACKER, path, request, shown, (group,))
        return {**answer, "trackingId": request["trackingId"]}

    def _active_group(self, request: Request) -> Resource:
        group = self._registry.find(resource_types.DATASET_GROUP, request["datasetGroupArn"])
        group.require_active(self._registry.now())
        return group

    def _add(
        self,
        resource_type: resource_types.ResourceType,
        path: str,
        request: Request,
        shown: tuple[str, ...],
        parents: tuple[Resource, ...] = (),
        seconds: float | None = None,
    ) -> dict[str, str]:
        description = {key: request[key] for key in shown if key in request}
        took = self._seconds if seconds is None else seconds
        resource = Resource(resource_type, self._registry.arn(path), description, self._registry.now(), took, parents)
        self._registry.add(resource)
        return {resource_type.arn_key: resource.arn}
