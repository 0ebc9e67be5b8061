"""The dataset group, schemas, datasets and event tracker of one broker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle import resource_types
from lifecycle.names import Names
from lifecycle.resources import Resources
from personalize_data.schema import INTERACTIONS_SCHEMA


@dataclass(frozen=True)
class Tracker:
    """The destination of interactions: a dataset group with its event tracker."""

    dataset_group_arn: str
    tracking_id: str


def dataset_group(resources: Resources, names: Names) -> str:
    """Return the dataset group's ARN; create the group if it is missing. Raises CreationFailed."""
    arn: str = resources.ensure(resource_types.DATASET_GROUP, names.dataset_group, {})["datasetGroupArn"]
    return arn


def dataset(resources: Resources, names: Names, name: str, schema: str) -> str:
    """Return the ARN of a dataset (``interactions``, ``users``, ``items``); create it with ``schema`` if it is missing.

    Raises CreationFailed.
    """
    group = dataset_group(resources, names)
    arn = find_dataset(resources, group, name)
    if arn:
        return str(resources.wait(resource_types.DATASET, arn)["datasetArn"])
    schema_arn = resources.ensure(resource_types.SCHEMA, names.dataset(name), {"schema": schema})["schemaArn"]
    request = {"schemaArn": schema_arn, "datasetGroupArn": group, "datasetType": name.capitalize()}
    scope = {"datasetGroupArn": group}
    return str(resources.ensure(resource_types.DATASET, names.dataset(name), request, **scope)["datasetArn"])


def find_dataset(resources: Resources, group: str, name: str) -> str | None:
    """Return the ARN of a group's dataset by its type, whatever its name: a group has one per type."""
    arns = resources.all(resource_types.DATASET, datasetGroupArn=group)
    return next((summary["datasetArn"] for summary in arns if summary["datasetType"].lower() == name), None)


def schema_in_use(resources: Resources, names: Names, name: str) -> str | None:
    """Return the text of the schema of a dataset, or of one whose creation was interrupted; None if there is none."""
    group = resources.find(resource_types.DATASET_GROUP, names.dataset_group)
    dataset_arn = group and find_dataset(resources, group, name)
    if dataset_arn:
        arn: str | None = resources.describe(resource_types.DATASET, dataset_arn)["schemaArn"]
    else:
        arn = resources.find(resource_types.SCHEMA, names.dataset(name))
    return str(resources.describe(resource_types.SCHEMA, arn)["schema"]) if arn else None


def metric_attribution(
    resources: Resources, name: str, group: str, metrics: Sequence[Mapping[str, str]], output: Mapping[str, Any]
) -> str:
    """Return the ARN of a dataset group's metric attribution; create it if it is missing. Raises CreationFailed.

    ``output``: ``metricsOutputConfig``, the role and the S3 path of its reports.
    """
    request = {"datasetGroupArn": group, "metrics": list(metrics), "metricsOutputConfig": dict(output)}
    scope = {"datasetGroupArn": group}
    found = resources.ensure(resource_types.METRIC_ATTRIBUTION, name, request, **scope)
    return str(found["metricAttributionArn"])


def tracker(resources: Resources, names: Names) -> Tracker:
    """Create what is missing of dataset group, Interactions dataset and event tracker. Raises CreationFailed."""
    group = dataset_group(resources, names)
    dataset(resources, names, "interactions", INTERACTIONS_SCHEMA.read_text())
    scope = {"datasetGroupArn": group}
    state = resources.ensure(resource_types.EVENT_TRACKER, names.dataset_group, scope, **scope)
    return Tracker(group, state["trackingId"])
