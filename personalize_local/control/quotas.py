"""How many resources there may be: the quotas of Amazon Personalize for a region and for a dataset group.

https://docs.aws.amazon.com/personalize/latest/dg/limits.html, in the words of Service Quotas.
"""

from dataclasses import dataclass

from personalize_local.control import resource_types
from personalize_local.control.registry import Registry
from personalize_local.control.resources import FAILED, Resource, ResourceType
from personalize_local.errors import LimitExceeded
from personalize_local.region import region_of


@dataclass(frozen=True)
class Quota:
    """At most ``most`` resources of a type in a region, or in a dataset group; ``pending``: that are not ready yet."""

    name: str
    most: int
    of_group: bool = False
    pending: bool = False


PENDING = "Total number of pending or in progress"
QUOTAS: dict[ResourceType, Quota] = {
    resource_types.SCHEMA: Quota("Total number of active schemas", 500),
    resource_types.DATASET_GROUP: Quota("Total number of active dataset groups", 5),
    resource_types.IMPORT_JOB: Quota(f"{PENDING} dataset import jobs", 5, pending=True),
    resource_types.BATCH_INFERENCE_JOB: Quota(f"{PENDING} batch inference jobs", 5, pending=True),
    resource_types.BATCH_SEGMENT_JOB: Quota(f"{PENDING} batch segment jobs", 5, pending=True),
    resource_types.SOLUTION_VERSION: Quota(f"{PENDING} solution versions", 20, pending=True),
    resource_types.SOLUTION: Quota("Total number of active solutions", 10, of_group=True),
    resource_types.CAMPAIGN: Quota("Total number of active campaigns", 5, of_group=True),
    resource_types.RECOMMENDER: Quota("Total number of recommenders", 5, of_group=True),
    resource_types.FILTER: Quota("Total number of filters", 30, of_group=True),
    resource_types.DELETION_JOB: Quota("Total number of pending data deletion jobs", 5, of_group=True, pending=True),
}


def refuse_too_many(registry: Registry, resource: Resource) -> None:
    """Raise LimitExceeded if a quota does not allow a further resource."""
    quota, now = QUOTAS.get(resource.kind), registry.now()
    if quota is None:
        return

    def counts(other: Resource) -> bool:
        if region_of(other.arn) != region_of(resource.arn) or (quota.of_group and _group(other) != _group(resource)):
            return False
        return not other.is_settled(now) if quota.pending else other.status(now) != FAILED

    if sum(map(counts, registry.all(resource.kind))) >= quota.most:
        where = "per dataset group" if quota.of_group else "per Region"
        raise LimitExceeded(f"{quota.name} {where} is limited to {quota.most}. Request an increase in Service Quotas")


def _group(resource: Resource) -> str | None:
    """Return the ARN of a resource's dataset group; that of a campaign is its solution's."""
    own: str | None = resource.description.get("datasetGroupArn")
    return own or next((parent.description.get("datasetGroupArn") for parent in resource.parents), None)
