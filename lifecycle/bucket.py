"""The bucket through which files go to Personalize and come back, and its folders.

The objects in ``imports/`` and ``batch/`` hold data and expire; ``summaries/`` and ``attribution/`` hold counts and
sums only, and are kept.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

IMPORTS, BATCH, SUMMARIES = "imports", "batch", "summaries"
BATCH_OUTPUT = f"{BATCH}/output"
ATTRIBUTION = "attribution"  # Personalize's reports on imports
EXPORTS = f"{BATCH_OUTPUT}/exports"  # where Personalize may write, and files expire
Moved = Callable[[int], None]


@dataclass(frozen=True)
class Bucket:
    """A bucket behind a boto3 client, and the role with which Personalize reads and writes it."""

    s3: Any
    name: str
    role_arn: str

    def url(self, key: str) -> str:
        """Return the S3 URL of a key."""
        return f"s3://{self.name}/{key}"

    def create_if_missing(self) -> None:
        """Create the bucket. For the local service only: a deployed one belongs to the stack."""
        try:
            self.s3.head_bucket(Bucket=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                raise
            self.s3.create_bucket(Bucket=self.name)

    def size(self, key: str) -> int | None:
        """Return an object's size in bytes, None if it does not exist."""
        try:
            length: int = self.s3.head_object(Bucket=self.name, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        return length

    def upload(self, path: Path, key: str, moved: Moved = lambda _: None) -> None:
        """Upload a file, in parts if it is large, as a whole or not at all. ``moved`` gets the bytes of each step."""
        self.s3.upload_file(str(path), self.name, key, Callback=moved)

    def write(self, key: str, value: Mapping[str, Any]) -> None:
        """Write a JSON object."""
        self.s3.put_object(Bucket=self.name, Key=key, Body=json.dumps(value).encode(), ContentType="application/json")

    def read(self, key: str) -> dict[str, Any]:
        """Read a JSON object. Raises botocore's ClientError."""
        document: dict[str, Any] = json.loads(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read())
        return document

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with a prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def summary_key(job: str) -> str:
    """Return the key of an import's summary, by the name of its job."""
    return f"{SUMMARIES}/{job}.json"
