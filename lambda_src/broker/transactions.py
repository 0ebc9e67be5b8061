"""Conditional writes to a DynamoDB table, 100 in a transaction (TransactWriteItems, DynamoDB API reference).

A transaction is refused as a whole. So those of its writes that do not hold are taken out, and the others made.
"""

import functools
import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from botocore.exceptions import ClientError

from broker.clock import Clock
from broker.failures import Unavailable, aws_call
from broker.retry import Retry
from broker.user_items import parts

AT_ONCE = 100
CHANGED, CONFLICT = "ConditionalCheckFailed", "TransactionConflict"  # why a transaction is cancelled


class Transactions:
    """``client`` is a boto3 DynamoDB client that does not retry by itself."""

    def __init__(self, client: Any, pool: Executor, clock: Clock, retry: Retry) -> None:
        self._client = client
        self._pool = pool
        self._clock = clock
        self._retry = retry

    def write(
        self, writes: Sequence[Any], final: Collection[str], deadline: float
    ) -> tuple[set[int], dict[int, Unavailable]]:
        """Make all writes but those that are refused for a ``final`` reason.

        Return the places of the refused ones, and those about which the table gave no answer, with the failure. Raises
        Rejected and Misconfigured.
        """
        refused: set[int] = set()
        unavailable: dict[int, Unavailable] = {}
        make = functools.partial(self._write_part, final=final, deadline=deadline)
        numbered = list(enumerate(writes))
        for part, outcome in zip(groups := parts(numbered, AT_ONCE), self._pool.map(make, groups), strict=True):
            if isinstance(outcome, Unavailable):
                unavailable |= {place: outcome for place, _ in part}
            else:
                refused |= outcome
        return refused, unavailable

    def _write_part(
        self, part: Sequence[tuple[int, Any]], final: Collection[str], deadline: float
    ) -> set[int] | Unavailable:
        """Make the writes of one transaction; return the places of the refused ones."""
        refused: set[int] = set()
        left = list(part)
        while left:
            # The same token with every try: one that succeeded without an answer is then not refused by itself.
            request = {"TransactItems": [write for _, write in left], "ClientRequestToken": uuid.uuid4().hex}
            call = functools.partial(aws_call, self._write_once, final=final, request=request)
            try:
                places = self._retry.call(call, self._clock, deadline)
            except Unavailable as failure:
                return failure
            if not places:
                break
            refused |= {left[place][0] for place in places}
            left = [write for place, write in enumerate(left) if place not in places]
        return refused

    def _write_once(self, request: Mapping[str, Any], final: Collection[str]) -> set[int]:
        """Return the places of the writes that kept the others from being made; none where all were made."""
        try:
            self._client.transact_write_items(**request)
        except ClientError as error:
            reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
            refused = {place for place, code in enumerate(reasons) if code in final}
            if error.response["Error"]["Code"] != "TransactionCanceledException" or not refused:
                raise
            return refused
        return set()
