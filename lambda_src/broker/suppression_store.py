"""Where the suppression list is kept: one object in S3, and its key in Secrets Manager.

One object, since everybody who reads it needs all of it: a function looks users up in memory, and asks S3 once a minute
whether there is a newer one. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html.
"""

import functools
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from broker.clients import Aws, body_of
from broker.clock import Clock
from broker.failures import Misconfigured, Unavailable, aws_call
from broker.retry import Retry
from broker.settings import SuppressionSettings
from broker.suppression import SuppressionList, UnusableList, list_from_json

OBJECT = "suppressed.json"
RELOAD_EVERY = 60.0  # seconds; with jitter, so that processes do not ask at the same time
RETRY = Retry(attempts=4, base=0.1, cap=1.0)
MISSING, UNCHANGED = {"NoSuchKey", "404"}, {"304", "NotModified"}
CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class SuppressionStore:
    """``s3()`` and ``secrets()`` give boto3 clients, created when they are needed first."""

    def __init__(
        self, s3: Callable[[], Any], secrets: Callable[[], Any], bucket: str, key_arn: str, clock: Clock
    ) -> None:
        self._s3 = s3
        self._secrets = secrets
        self._bucket = bucket
        self._key_arn = key_arn
        self._clock = clock
        self._list: SuppressionList | None = None
        self._version: str | None = None
        self._ask_at = 0.0

    def current(self, deadline: float) -> SuppressionList:
        """Return the list as it was at most about a minute ago. Raises Failure where there is none yet.

        Where S3 does not answer, the last known list counts: an erased user stays on it.
        """
        if self._list is None or self._clock.now() >= self._ask_at:
            try:
                self._read(deadline)
            except Unavailable:
                if self._list is None:
                    raise
            self._ask_at = self._clock.now() + RELOAD_EVERY * (0.5 + self._clock.jitter() / 2)
        assert self._list is not None  # noqa: S101 - for mypy
        return self._list

    def change(self, edit: Callable[[SuppressionList], SuppressionList], deadline: float) -> SuppressionList:
        """Store what ``edit`` makes of the newest list; of two at the same time none is lost. Raises Failure."""

        def attempt() -> SuppressionList:
            edited = edit(self._read(deadline))
            condition = {"IfMatch": self._version} if self._version else {"IfNoneMatch": "*"}
            try:
                aws_call(self._put, Body=edited.as_json(), ContentType="application/json", **condition)
            except _ChangedMeanwhile:
                raise Unavailable("PutObject: somebody else has changed the suppression list") from None
            return edited

        return RETRY.call(attempt, self._clock, deadline)

    def _read(self, deadline: float) -> SuppressionList:
        key = self._list.key if self._list else self._key(deadline)
        condition = {"IfNoneMatch": self._version} if self._version else {}
        body, version = RETRY.call(lambda: aws_call(self._get, **condition), self._clock, deadline)
        if self._list is None or version != self._version:
            try:
                self._list = list_from_json(body, key) if version else SuppressionList(key)
            except UnusableList as error:
                raise Misconfigured(str(error)) from None
            self._version = version
        return self._list

    def _key(self, deadline: float) -> bytes:
        answer = RETRY.call(
            lambda: aws_call(self._secrets().get_secret_value, SecretId=self._key_arn), self._clock, deadline
        )
        if not answer.get("SecretString"):
            raise Misconfigured("the secret with the suppression list's key is empty")
        return str(answer["SecretString"]).encode()

    def _get(self, **condition: Any) -> tuple[bytes, str | None]:
        """Return the object and its version; without a version there is none yet."""
        try:
            answer = self._s3().get_object(Bucket=self._bucket, Key=OBJECT, **condition)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in UNCHANGED:
                return b"", self._version
            if code in MISSING:
                return b"", None
            raise
        return body_of(answer), answer["ETag"]

    def _put(self, **request: Any) -> None:
        try:
            self._s3().put_object(Bucket=self._bucket, Key=OBJECT, **request)
        except ClientError as error:
            if error.response["Error"]["Code"] in CHANGED:
                raise _ChangedMeanwhile from None
            raise


def store_from(settings: SuppressionSettings | None, aws: Aws, clock: Clock) -> SuppressionStore | None:
    """Return a function's way to the list; None where the stack has none."""
    if settings is None:
        return None
    s3, secrets = (functools.cache(functools.partial(aws.client, service)) for service in ("s3", "secretsmanager"))
    return SuppressionStore(s3, secrets, settings.bucket, settings.key_arn, clock)


class _ChangedMeanwhile(Exception):
    pass
