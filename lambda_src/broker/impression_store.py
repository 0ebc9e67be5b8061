"""The table of impressions: one DynamoDB item per user with the lists that they were shown lately.

Whoever reads or writes it can do without: an impression is a hint. So it has no conditions, and of two processes that
write about one user at the same time, one wins. BatchGetItem takes 100 keys, BatchWriteItem 25 (DynamoDB API
reference).
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.impressions import KEPT, Lists, Shown, as_json, lists_from_json
from broker.retry import Retry

T = TypeVar("T")
RETRY = Retry(attempts=2, base=0.05, cap=0.2)
KEY, SHOWN, EXPIRY = "mpid", "shown", "expires"
MOST_READ, MOST_WRITTEN = 100, 25


class ImpressionStore:
    """The table; ``client`` is a boto3 DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, table: str, pool: Executor, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._pool = pool
        self._clock = clock

    def read(self, mpids: Iterable[int], deadline: float) -> dict[int, dict[str, Shown]]:
        """Return the lists of the users of whom there are any. Raises Failure."""
        keys = [{KEY: {"N": str(mpid)}} for mpid in mpids]
        get = functools.partial(self._get, deadline=deadline)
        return {mpid: lists for part in self._pool.map(get, _parts(keys, MOST_READ)) for mpid, lists in part.items()}

    def write(self, lists_of: Mapping[int, Lists], deadline: float) -> None:
        """Keep what users were shown. Raises Failure; some of it may be written then."""
        expires = str(int(self._clock.now()) + KEPT)
        requests = [{"PutRequest": {"Item": _item(mpid, lists, expires)}} for mpid, lists in lists_of.items()]
        list(self._pool.map(functools.partial(self._put, deadline=deadline), _parts(requests, MOST_WRITTEN)))

    def _get(self, keys: Sequence[Any], deadline: float) -> dict[int, dict[str, Shown]]:
        found: dict[int, dict[str, Shown]] = {}
        left: Mapping[str, Any] = {self._table: {"Keys": list(keys)}}

        def attempt() -> None:
            nonlocal left
            answer = aws_call(self._client.batch_get_item, RequestItems=left)
            if "Responses" not in answer:  # of a reply that broke off, botocore makes one without anything in it
                raise Unavailable("BatchGetItem: half a reply")
            for item in answer["Responses"].get(self._table, []):
                found[int(item[KEY]["N"])] = _lists(item)
            left = answer.get("UnprocessedKeys", {})
            if left:
                raise Unavailable("BatchGetItem: not all keys were read", throttled=True)

        RETRY.call(attempt, self._clock, deadline)
        return found

    def _put(self, requests: Sequence[Any], deadline: float) -> None:
        left: Mapping[str, Any] = {self._table: list(requests)}

        def attempt() -> None:
            nonlocal left
            left = aws_call(self._client.batch_write_item, RequestItems=left).get("UnprocessedItems", {})
            if left:
                raise Unavailable("BatchWriteItem: not all items were written", throttled=True)

        RETRY.call(attempt, self._clock, deadline)


def _item(mpid: int, lists: Lists, expires: str) -> dict[str, Any]:
    return {KEY: {"N": str(mpid)}, SHOWN: {"S": as_json(lists)}, EXPIRY: {"N": expires}}


def _lists(item: Mapping[str, Any]) -> dict[str, Shown]:
    """Read an item. What another version wrote in another form is nothing."""
    try:
        return lists_from_json(item[SHOWN]["S"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _parts(things: Sequence[T], size: int) -> list[Sequence[T]]:
    return [things[start : start + size] for start in range(0, len(things), size)]
