"""Reading items of DynamoDB tables, most of which have an item a user. BatchGetItem takes 100 keys (API reference)."""

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


class TableItems:
    """One table; ``client`` is a boto3 DynamoDB client that does not retry by itself.

    ``consistent``: what was written before is read, at twice the price.
    """

    def __init__(
        self, client: Any, table: str, pool: Executor, clock: Clock, retry: Retry, *, consistent: bool = False
    ) -> None:
        self._client = client
        self._table = table
        self._pool = pool
        self._clock = clock
        self._retry = retry
        self._consistent = {"ConsistentRead": True} if consistent else {}

    def read(self, keys: Sequence[Mapping[str, Any]], deadline: float) -> list[Mapping[str, Any]]:
        """Return the items that there are under the keys, in any order. Raises Failure."""
        get = functools.partial(self._get, deadline=deadline)
        return [item for part in self._pool.map(get, parts(keys, MOST_READ)) for item in part]

    def _get(self, keys: Sequence[Any], deadline: float) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        left: Mapping[str, Any] = {self._table: {"Keys": list(keys), **self._consistent}}

        def attempt() -> None:
            nonlocal left
            answer = aws_call(self._client.batch_get_item, RequestItems=left)
            if "Responses" not in answer:  # of a reply that broke off, botocore makes one without anything in it
                raise Unavailable("BatchGetItem: half a reply")
            found.extend(answer["Responses"].get(self._table, []))
            left = answer.get("UnprocessedKeys", {})
            if left:
                raise Unavailable("BatchGetItem: not all keys were read", throttled=True)

        self._retry.call(attempt, self._clock, deadline)
        return found


class UserItems:
    """A table whose key is the mpid."""

    def __init__(self, client: Any, table: str, pool: Executor, clock: Clock, retry: Retry) -> None:
        self._items = TableItems(client, table, pool, clock, retry)

    def read(self, mpids: Iterable[int], deadline: float) -> dict[int, Mapping[str, Any]]:
        """Return the items of the users who have one. Raises Failure."""
        return {int(item[KEY]["N"]): item for item in self._items.read([key_of(mpid) for mpid in mpids], deadline)}
