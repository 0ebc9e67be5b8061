"""The table in which ``refresh`` remembers each user's newest list: its key, what expires, and how users are erased.

BatchWriteItem: at most 25 requests, and it may take only some of them.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from collections.abc import Iterable
from typing import Any

from broker.clock import Clock
from broker.failures import Unavailable
from broker.json_values import int64
from broker.retry import Retry

KEY, EXPIRY = "mpid", "expires"
MOST = 25
RETRY = Retry(attempts=10, base=0.1, cap=10.0)
FOREVER = float("inf")


def mpids(users: Iterable[str]) -> list[str]:
    """Return the mParticle ids among users' ids, each once: the table can hold no other user."""
    return list(dict.fromkeys(str(mpid) for mpid in map(int64, users) if mpid is not None))


def erase(dynamodb: Any, table: str, users: Iterable[str], clock: Clock) -> None:
    """Delete what a table remembers of users, by a boto3 client. Raises Unavailable, botocore's ClientError."""
    requests = [{"DeleteRequest": {"Key": {KEY: {"N": mpid}}}} for mpid in mpids(users)]
    for start in range(0, len(requests), MOST):
        write(dynamodb, table, requests[start : start + MOST], clock)


def erase_keys(dynamodb: Any, table: str, name: str, keys: Iterable[str], clock: Clock) -> None:
    """Delete items by their keys, which are texts. Raises Unavailable, botocore's ClientError."""
    requests = [{"DeleteRequest": {"Key": {name: {"S": key}}}} for key in dict.fromkeys(keys)]
    for start in range(0, len(requests), MOST):
        write(dynamodb, table, requests[start : start + MOST], clock)


def write(dynamodb: Any, table: str, requests: list[dict[str, Any]], clock: Clock) -> None:
    """Make at most ``MOST`` requests of BatchWriteItem. Raises Unavailable, botocore's ClientError."""
    left = requests

    def attempt() -> None:
        nonlocal left
        left = dynamodb.batch_write_item(RequestItems={table: left}).get("UnprocessedItems", {}).get(table, [])
        if left:
            raise Unavailable(f"BatchWriteItem: {len(left)} of {len(requests)} not taken")

    RETRY.call(attempt, clock, FOREVER)
