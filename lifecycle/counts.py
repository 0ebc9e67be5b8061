"""The number of interactions to train on, as far as it is known.

The local service reports it, users included. Amazon Personalize has no operation for it: there the broker's own metric
and the summaries of finished imports are added up, which gives no number of users. An interaction that was both
streamed and imported counts twice in both; a training uses it once.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from broker.metric_names import NAMESPACE, Metric

from lifecycle import resource_types
from lifecycle.bucket import Bucket, summary_key
from lifecycle.datasets import find_dataset
from lifecycle.names import Names
from lifecycle.resources import Resources, State
from personalize_data.import_summary import ImportSummary
from personalize_data.quotas import MIN_TRAINING_INTERACTIONS, MIN_TRAINING_USER_SHARE, MIN_TRAINING_USERS

DAY = 86_400
METRIC_RETENTION = timedelta(days=455)  # CloudWatch keeps hourly sums this long
Client = Callable[[str], Any]


@dataclass(frozen=True)
class InteractionCounts:
    """Interactions so far; None if the number is not known. ``from_service``: the service itself has counted."""

    interactions: int | None = None
    users: int | None = None
    users_with_two: int | None = None
    streamed: int | None = None
    imported: int | None = None
    from_service: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the counts with the service's minima as a JSON object."""
        minima = {
            "interactions": MIN_TRAINING_INTERACTIONS,
            "users_with_two": MIN_TRAINING_USERS,
            "share_with_two": MIN_TRAINING_USER_SHARE,
        }
        return {**asdict(self), "minima": minima, "missing": self.missing()}

    def missing(self) -> list[str]:
        """Return the minima that are not met, as far as the counts are known."""
        unmet = []
        if self.interactions is not None and self.interactions < MIN_TRAINING_INTERACTIONS:
            unmet.append(f"{self.interactions:,} of {MIN_TRAINING_INTERACTIONS:,} interactions")
        if self.users is not None and self.users_with_two is not None:
            if self.users_with_two < MIN_TRAINING_USERS:
                unmet.append(f"{self.users_with_two} of {MIN_TRAINING_USERS} users with two interactions or more")
            elif self.users_with_two < MIN_TRAINING_USER_SHARE * self.users:
                unmet.append(f"{self.users_with_two / self.users:.1%} of the users have two interactions, 1 % must")
        return unmet


def from_local(answer: Mapping[str, Any], group_arn: str | None) -> InteractionCounts:
    """Return a dataset group's counts from the local service's own status."""
    groups = {group["datasetGroupArn"]: group for group in answer["datasetGroups"]}
    group = groups.get(group_arn)
    if group is None:
        return InteractionCounts(0, 0, 0, from_service=True)
    return InteractionCounts(group["interactions"], group["users"], group["usersWithTwo"], from_service=True)


def from_aws(
    client: Client, names: Names, outputs: Mapping[str, str], now: datetime | None = None
) -> InteractionCounts:
    """Return the counts that AWS has of a deployed broker. Raises ClientError."""
    streamed = _streamed(client, outputs.get("IngestFunction"), now or datetime.now(UTC))
    imported = _imported(client, names, outputs.get("ImportBucket"))
    known = [number for number in (streamed, imported) if number is not None]
    return InteractionCounts(
        interactions=sum(known) if streamed is not None else None, streamed=streamed, imported=imported
    )


def _streamed(client: Client, function: str | None, now: datetime) -> int | None:
    if function is None:
        return None
    answer = client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=Metric.ACCEPTED.value,
        Dimensions=[{"Name": "service", "Value": function}],
        StartTime=now - METRIC_RETENTION,
        EndTime=now,
        Period=DAY,
        Statistics=["Sum"],
    )
    return int(sum(point["Sum"] for point in answer["Datapoints"]))


def _imported(client: Client, names: Names, bucket: str | None) -> int | None:
    resources = Resources(client("personalize"))
    group = resources.find(resource_types.DATASET_GROUP, names.dataset_group)
    dataset = group and find_dataset(resources, group, "interactions")
    jobs = in_force(resources.all(resource_types.IMPORT_JOB, datasetArn=dataset)) if dataset else []
    if not jobs:
        return 0
    return _rows(Bucket(client("s3"), bucket, ""), jobs) if bucket else None


def in_force(jobs: list[State]) -> list[State]:
    """Return the finished import jobs whose rows are in the dataset: those since the newest in mode FULL."""
    active = sorted((job for job in jobs if job["status"] == "ACTIVE"), key=lambda job: job["creationDateTime"])
    since = max((place for place, job in enumerate(active) if job.get("importMode", "FULL") == "FULL"), default=0)
    return active[since:]


def _rows(bucket: Bucket, jobs: list[State]) -> int | None:
    """Return how many rows the jobs imported; None if a summary is missing, as for another program's job."""
    rows = 0
    for job in jobs:
        try:
            rows += ImportSummary.from_json(bucket.read(summary_key(job["jobName"]))).rows
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            return None
    return rows
