"""The correlation id, by which the lines of one user's records and refreshes are found: a keyed hash of the mpid.

Each month has a random key of its own, in a DynamoDB table. Whichever process needs it first makes it. It expires when
the logs of its month have: DynamoDB then deletes it, and the ids of that month can be tested against no user any more.
"""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.keyed_hash import keyed_hash
from broker.retry import Retry

RETRY = Retry(attempts=3, base=0.1, cap=1.0)
KEY_BYTES = 32
# "month" alone is a reserved word of DynamoDB's expressions.
MONTH, KEY, EXPIRY = "key_month", "hash_key", "expires"
LOGS_KEPT = timedelta(days=31)  # at least the logs' retention, infra/functions.py
LONGEST_MONTH = timedelta(days=31)


def month_of(now: float) -> str:
    """Return the month of an epoch second, in UTC: ``2026-11``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def expiry_of(month: str) -> int:
    """Return the epoch second from which no line of a month is kept."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return int((first + LONGEST_MONTH + LOGS_KEPT).timestamp())


class CorrelationIds:
    """The ids of this month. ``dynamodb()`` gives a boto3 client that does not retry by itself. Thread-safe."""

    def __init__(self, dynamodb: Callable[[], Any], table: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self._lock = threading.Lock()
        self._key = ("", b"")

    def of(self, deadline: float) -> Callable[[int], str]:
        """Return what gives a user's id of this month, the key read or made if need be. Raises Failure."""
        month = month_of(self._clock.now())
        with self._lock:
            if self._key[0] != month:
                self._key = month, RETRY.call(lambda: self._read_or_make(month), self._clock, deadline)
            key = self._key[1]
        return lambda mpid: keyed_hash(key, mpid).hex()

    def _read_or_make(self, month: str) -> bytes:
        client = self._dynamodb()
        return read_key(client, self._table, month) or self._make(client, month)

    def _make(self, client: Any, month: str) -> bytes:
        key = os.urandom(KEY_BYTES)
        item = {MONTH: {"S": month}, KEY: {"B": key}, EXPIRY: {"N": str(expiry_of(month))}}
        try:
            aws_call(_put_new, client=client, table=self._table, item=item)
        except KeyExists:
            raise Unavailable("PutItem: another process made the key") from None  # the next try reads it
        return key


class KeyExists(Exception):
    """Another process made this month's key a moment ago."""


def _put_new(client: Any, table: str, item: dict[str, Any]) -> None:
    try:
        client.put_item(TableName=table, Item=item, ConditionExpression=f"attribute_not_exists({MONTH})")
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            raise KeyExists from None
        raise


def read_key(client: Any, table: str, month: str) -> bytes | None:
    """Return a month's key, None where there is none, or none any more. Raises Failure."""
    answer = aws_call(client.get_item, TableName=table, Key={MONTH: {"S": month}}, ConsistentRead=True)
    value = answer.get("Item", {}).get(KEY, {}).get("B")
    return bytes(value) if value else None
