"""A batch inference job: users in, lists out, both as JSON lines.

https://docs.aws.amazon.com/personalize/latest/dg/batch-data-upload.html
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle import resource_types
from lifecycle.bucket import BATCH, BATCH_OUTPUT, Bucket
from lifecycle.resources import Resources

INPUT = "users.json"
# Not the vertical bar: it is common in ids, such as auth0|7.
BETWEEN_COLUMNS = ",;\t"
NAMES = frozenset({"userid", "user_id", "user", "users"})


@dataclass(frozen=True)
class Job:
    """The request: a solution version, at most ``limit`` items per user, and perhaps a filter."""

    name: str
    version_arn: str
    limit: int
    filter_arn: str | None = None


def parse_users(lines: Iterable[str]) -> list[str]:
    """Return the users of a file: one id per line (a first line ``USER_ID`` is a header), or JSON with ``userId``.

    Each user occurs once, in order. An id may be in quotes; a line of several columns is not an id. Raises ValueError,
    which names the line.
    """
    users: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        user = _user(line.strip().lstrip("\ufeff"), number)
        if user and not (number == 1 and user.lower() in NAMES):
            users[user] = None
    return list(users)


def _user(text: str, number: int) -> str | None:
    if not text.startswith("{"):
        return _id(text, number)
    try:
        user = json.loads(text)["userId"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f'line {number} is no JSON object with a "userId"') from None
    if not isinstance(user, str):
        raise ValueError(f'line {number}: "userId" must be text')  # noqa: TRY004 - a fault of the file
    return user


def _id(text: str, number: int) -> str | None:
    quoted = text.startswith('"') and text.endswith('"')
    fields = next(csv.reader([text]), []) if quoted else [text]
    if len(fields) > 1 or (not quoted and any(letter in text for letter in BETWEEN_COLUMNS)):
        raise ValueError(f"line {number} has several columns: give a file of user ids alone, one a line")
    return fields[0] if fields else None


def input_text(users: Iterable[str]) -> str:
    """Return the job's input."""
    return "".join(json.dumps({"userId": user}) + "\n" for user in users)


def run(resources: Resources, bucket: Bucket, job: Job, users: Path) -> None:
    """Upload the input, create the job unless one of its name exists, and wait for it. Raises CreationFailed."""
    scope = {"solutionVersionArn": job.version_arn}
    job_arn = resources.find(resource_types.BATCH_JOB, job.name, **scope)
    if not job_arn:
        key = f"{BATCH}/input/{job.name}/{INPUT}"
        bucket.upload(users, key)
        job_arn = resources.create(resource_types.BATCH_JOB, _request(job, bucket, key))
    resources.wait(resource_types.BATCH_JOB, job_arn)


def _request(job: Job, bucket: Bucket, key: str) -> dict[str, Any]:
    request = {
        "jobName": job.name,
        "solutionVersionArn": job.version_arn,
        "numResults": job.limit,
        "jobInput": {"s3DataSource": {"path": bucket.url(key)}},
        "jobOutput": {"s3DataDestination": {"path": bucket.url(_output(job))}},
        "roleArn": bucket.role_arn,
    }
    return request | ({"filterArn": job.filter_arn} if job.filter_arn else {})


def _output(job: Job) -> str:
    return f"{BATCH_OUTPUT}/{job.name}/"


def download(bucket: Bucket, job: Job, folder: Path) -> Path:
    """Fetch the answers as one file of JSON lines in ``folder``. Raises FileNotFoundError."""
    keys = [key for key in bucket.keys(_output(job)) if key.endswith(f"{INPUT}.out")]
    if not keys:
        raise FileNotFoundError(f"the job is done, but there is no {bucket.url(_output(job))}{INPUT}.out")
    path = folder / f"{INPUT}.out"
    bucket.s3.download_file(bucket.name, keys[0], str(path))
    return path


def answers(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield ``{"user", "items", "scores", "error"}`` for each line of the output."""
    for line in lines:
        document = json.loads(line)
        output = document.get("output") or {}
        yield {
            "user": document["input"].get("userId"),
            "items": output.get("recommendedItems", []),
            "scores": output.get("scores", []),
            "error": document.get("error"),
        }
