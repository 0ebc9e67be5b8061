"""The table of impressions: one DynamoDB item per user with the lists that they were shown lately.

Whoever reads or writes it can do without: an impression is a hint. So it has no conditions, and of two processes that
write about one user at the same time, one wins. BatchWriteItem takes 25 items (DynamoDB API reference).
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.impressions import KEPT, Lists, Shown, as_json, lists_from_json
from broker.retry import Retry
from broker.user_items import UserItems, key_of, parts

RETRY = Retry(attempts=2, base=0.05, cap=0.2)
SHOWN, EXPIRY = "shown", "expires"
MOST_WRITTEN = 25


class ImpressionStore:
    """The table; ``client`` is a boto3 DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, table: str, pool: Executor, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._pool = pool
        self._clock = clock
        self._items = UserItems(client, table, pool, clock, RETRY)

    def read(self, mpids: Iterable[int], deadline: float) -> dict[int, dict[str, Shown]]:
        """Return the lists of the users of whom there are any. Raises Failure."""
        return {mpid: _lists(item) for mpid, item in self._items.read(mpids, deadline).items()}

    def write(self, lists_of: Mapping[int, Lists], deadline: float) -> None:
        """Keep what users were shown. Raises Failure; some of it may be written then."""
        expires = str(int(self._clock.now()) + KEPT)
        requests = [{"PutRequest": {"Item": _item(mpid, lists, expires)}} for mpid, lists in lists_of.items()]
        list(self._pool.map(functools.partial(self._put, deadline=deadline), parts(requests, MOST_WRITTEN)))

    def _put(self, requests: Sequence[Any], deadline: float) -> None:
        left: Mapping[str, Any] = {self._table: list(requests)}

        def attempt() -> None:
            nonlocal left
            left = aws_call(self._client.batch_write_item, RequestItems=left).get("UnprocessedItems", {})
            if left:
                raise Unavailable("BatchWriteItem: not all items were written", throttled=True)

        RETRY.call(attempt, self._clock, deadline)


def _item(mpid: int, lists: Lists, expires: str) -> dict[str, Any]:
    return {**key_of(mpid), SHOWN: {"S": as_json(lists)}, EXPIRY: {"N": expires}}


def _lists(item: Mapping[str, Any]) -> dict[str, Shown]:
    """Read an item. What another version wrote in another form is nothing."""
    try:
        return lists_from_json(item[SHOWN]["S"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
