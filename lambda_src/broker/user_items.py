"""Reading users' items: DynamoDB tables whose key is the mpid. BatchGetItem takes 100 keys (DynamoDB API reference)."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.retry import Retry

T = TypeVar("T")
KEY = "mpid"
MOST_READ = 100


def key_of(mpid: int) -> dict[str, Any]:
    """Return a user's key."""
    return {KEY: {"N": str(mpid)}}


def parts(things: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return things in order, so many together at most."""
    return [things[start : start + size] for start in range(0, len(things), size)]


class UserItems:
    """One table; ``client`` is a boto3 DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, table: str, pool: Executor, clock: Clock, retry: Retry) -> None:
        self._client = client
        self._table = table
        self._pool = pool
        self._clock = clock
        self._retry = retry

    def read(self, mpids: Iterable[int], deadline: float) -> dict[int, Mapping[str, Any]]:
        """Return the items of the users who have one. Raises Failure."""
        get = functools.partial(self._get, deadline=deadline)
        keys = [key_of(mpid) for mpid in mpids]
        return {mpid: item for part in self._pool.map(get, parts(keys, MOST_READ)) for mpid, item in part.items()}

    def _get(self, keys: Sequence[Any], deadline: float) -> dict[int, Mapping[str, Any]]:
        found: dict[int, Mapping[str, Any]] = {}
        left: Mapping[str, Any] = {self._table: {"Keys": list(keys)}}

        def attempt() -> None:
            nonlocal left
            answer = aws_call(self._client.batch_get_item, RequestItems=left)
            if "Responses" not in answer:  # of a reply that broke off, botocore makes one without anything in it
                raise Unavailable("BatchGetItem: half a reply")
            for item in answer["Responses"].get(self._table, []):
                found[int(item[KEY]["N"])] = item
            left = answer.get("UnprocessedKeys", {})
            if left:
                raise Unavailable("BatchGetItem: not all keys were read", throttled=True)

        self._retry.call(attempt, self._clock, deadline)
        return found
