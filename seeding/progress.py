"""How far the lists of a job have come onto profiles: one object in S3, so that any machine can go on.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: of two commands that work on the same
job, one is refused.
"""

import functools
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError
from broker.clients import body_of
from broker.clock import Clock
from broker.failures import Misconfigured, aws_call
from broker.json_values import mapping
from broker.retry import Retry

from seeding.attempts import Attempt

RETRY = Retry(attempts=6, base=0.2, cap=5.0)
MISSING = {"NoSuchKey", "404"}
CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class Taken(Exception):
    """Another command works on the same job."""


@dataclass
class Progress:
    """``done``: how many lists were gone through. ``open``: users among them who are not finished. ``counts``: ends."""

    done: int = 0
    open: dict[int, Attempt] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        open_ = {str(mpid): [attempt.claim, attempt.in_id] for mpid, attempt in self.open.items()}
        return {"done": self.done, "open": open_, "counts": dict(self.counts)}


def progress_from(document: Mapping[str, Any]) -> Progress:
    """Read what is stored. Raises ValueError."""
    try:
        open_ = {int(mpid): Attempt(*map(int, pair)) for mpid, pair in document["open"].items()}
        return Progress(int(document["done"]), open_, Counter(document["counts"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no progress of a seeding") from error


class KeepsProgress(Protocol):
    """What reads and writes how far it came."""

    def read(self, deadline: float) -> Progress: ...

    def write(self, progress: Progress, deadline: float) -> None: ...


class ProgressStore:
    """The object ``key`` of a bucket, by a boto3 client."""

    def __init__(self, s3: Any, bucket: str, key: str, clock: Clock) -> None:
        self._s3, self._place, self._clock = s3, {"Bucket": bucket, "Key": key}, clock
        self._version: str | None = None

    def read(self, deadline: float) -> Progress:
        """Return how far it came; a new one where nothing is stored. Raises Failure."""
        body, self._version = RETRY.call(lambda: aws_call(self._get), self._clock, deadline)
        if self._version is None:
            return Progress()
        try:
            return progress_from(mapping(json.loads(body)))
        except ValueError as error:
            raise Misconfigured(f"s3://{self._place['Bucket']}/{self._place['Key']}: {error}") from None

    def write(self, progress: Progress, deadline: float) -> None:
        """Store it. Raises Failure, and Taken where somebody else has stored another one since."""
        body = json.dumps(progress.as_json(), separators=(",", ":")).encode()
        condition = {"IfMatch": self._version} if self._version else {"IfNoneMatch": "*"}
        put = functools.partial(aws_call, self._put, Body=body, ContentType="application/json", **condition)
        version = RETRY.call(put, self._clock, deadline)
        if version is None:
            stored, version = RETRY.call(lambda: aws_call(self._get), self._clock, deadline)
            if stored != body:  # else an earlier try of this write was done without an answer
                raise Taken
        self._version = version

    def _get(self) -> tuple[bytes, str | None]:
        try:
            answer = self._s3.get_object(**self._place)
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return b"", None
            raise
        return body_of(answer), answer["ETag"]

    def _put(self, **request: Any) -> str | None:
        """Return the new version; None where the stored object is another one than was read."""
        try:
            answer = self._s3.put_object(**self._place, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] in CHANGED:
                return None
            raise
        return str(answer["ETag"])
