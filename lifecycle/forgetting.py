"""Erasure of users: a data deletion job takes a list of users and deletes their data from a dataset group.

https://docs.aws.amazon.com/personalize/latest/dg/delete-records.html: one job at a time, up to a day each. If data is
imported or a model is trained meanwhile (a live stream imports all the time), AWS does not promise that the models
forget the users as well, and recommends another job.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from lifecycle import resource_types
from lifecycle.bucket import IMPORTS, Bucket
from lifecycle.names import Names, short
from lifecycle.resources import DONE, CreationFailed, Resources, State
from personalize_data.quotas import MAX_ID_LENGTH

HEADER = "USER_ID"


@dataclass(frozen=True)
class DeletionStep:
    """A job's name, and its ARN if it is already running."""

    job: str
    arn: str | None = None


def users_csv(users: Iterable[str]) -> str:
    """Return the job's input: one column, one user per line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[HEADER], *([user] for user in users)])
    return text.getvalue()


def bad_users(users: Iterable[str]) -> list[int]:
    """Return the positions, from 1, of texts that cannot be a user's id."""
    return [
        place for place, user in enumerate(users, 1) if not 1 <= len(user) <= MAX_ID_LENGTH or not user.isprintable()
    ]


def jobs(resources: Resources, group: str) -> Iterator[State]:
    """Yield all data deletion jobs of a dataset group. (botocore has no paginator for them.)"""
    page: dict[str, str] = {}
    while True:
        answer = resources.client.list_data_deletion_jobs(datasetGroupArn=group, **page)
        yield from answer["dataDeletionJobs"]
        if not answer.get("nextToken"):
            return
        page = {"nextToken": answer["nextToken"]}


def decide(pending: Iterable[State], names: Names, users: Sequence[str]) -> DeletionStep:
    """Return the job for these users: the running one, or a new one. Each run is a job of its own."""
    by_name = {job["jobName"]: job for job in pending}
    identity = short("\n".join(sorted(users)))
    for attempt in range(1, len(by_name) + 2):
        name = names.job("forget", identity, attempt)
        job = by_name.get(name)
        if job is None:
            return DeletionStep(name)
        if job["status"] not in DONE and not job["status"].endswith("FAILED"):
            return DeletionStep(name, job[resource_types.DELETION_JOB.arn])
    raise AssertionError("more names than jobs")


def forget(resources: Resources, bucket: Bucket, group: str, step: DeletionStep, users: Path) -> State:
    """Run the job, or wait for the running one; return its description once it is done.

    The list of users is deleted from the bucket afterwards. Raises CreationFailed, botocore's ClientError.
    """
    key = f"{IMPORTS}/{step.job}/users.csv"
    try:
        done = resources.wait(
            resource_types.DELETION_JOB, step.arn or _start(resources, bucket, group, step, users, key)
        )
    except (CreationFailed, ClientError):
        _take_away(bucket, key)
        raise
    _take_away(bucket, key)
    return done


def _start(resources: Resources, bucket: Bucket, group: str, step: DeletionStep, users: Path, key: str) -> str:
    bucket.upload(users, key)
    request = {
        "jobName": step.job,
        "datasetGroupArn": group,
        "dataSource": {"dataLocation": bucket.url(key)},
        "roleArn": bucket.role_arn,
    }
    return resources.create(resource_types.DELETION_JOB, request)


def _take_away(bucket: Bucket, key: str) -> None:
    bucket.s3.delete_object(Bucket=bucket.name, Key=key)
