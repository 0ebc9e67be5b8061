"""The refresh queues: which users' profiles need a new list. One message per user; SQS takes ten per call.

A standard queue has no priorities. So the users who bought something have a queue of their own, which Lambda reads
beside the other one: however many views wait, they delay no purchase.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from broker.clock import Clock
from broker.failures import Failure, aws_call
from broker.retry import Retry
from broker.users import UserToRefresh

BATCH = 10  # SendMessageBatch and ChangeMessageVisibilityBatch, SQS API reference
MAX_VISIBILITY = MAX_DELAY = 900  # seconds
RETRY = Retry(attempts=3, base=0.1, cap=1.0)


class RefreshQueue:
    """One queue; ``client`` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str, pool: Executor, clock: Clock) -> None:
        self._client = client
        self._url = url
        self._pool = pool
        self._clock = clock

    def send(
        self, users: Sequence[UserToRefresh], deadline: float, delays: Mapping[int, float] | None = None
    ) -> dict[int, Failure | None]:
        """Send one message per user; return the mpids that the queue did not take, with the failure of a whole call.

        ``delays``: mpids → seconds after which the message can be received, in place of the queue's own delay.
        """
        entries: list[dict[str, Any]] = []
        for index, user in enumerate(users):
            delay = (delays or {}).get(user.mpid)
            own = {} if delay is None else {"DelaySeconds": min(math.ceil(delay), MAX_DELAY)}
            entries.append({"Id": str(index), "MessageBody": user.as_body(), **own})
        not_taken = self._in_tens(self._client.send_message_batch, entries, deadline)
        return {users[index].mpid: failure for index, failure in not_taken.items()}

    def hide(self, seconds: Mapping[str, int], deadline: float) -> None:
        """Hide messages for a number of seconds, by receipt handle.

        One that the queue refuses comes back after the queue's own visibility timeout: no harm, so no error.
        """
        entries = [
            {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": min(pause, MAX_VISIBILITY)}
            for index, (handle, pause) in enumerate(seconds.items())
        ]
        self._in_tens(self._client.change_message_visibility_batch, entries, deadline)

    def _in_tens(
        self, operation: Any, entries: Sequence[Mapping[str, Any]], deadline: float
    ) -> dict[int, Failure | None]:
        """Return the indexes of the entries that were not taken, with the failure if their whole call failed."""
        tens = [entries[start : start + BATCH] for start in range(0, len(entries), BATCH)]
        answers = self._pool.map(lambda ten: self._not_taken(operation, ten, deadline), tens)
        return {index: failure for not_taken in answers for index, failure in not_taken.items()}

    def _not_taken(
        self, operation: Any, entries: Sequence[Mapping[str, Any]], deadline: float
    ) -> dict[int, Failure | None]:
        call = functools.partial(aws_call, operation, QueueUrl=self._url, Entries=entries)
        try:
            answer = RETRY.call(call, self._clock, deadline)
        except Failure as failure:
            return {int(entry["Id"]): failure for entry in entries}
        # What counts is what the queue says it took: of a reply that broke off, botocore makes one without any entry.
        taken = {entry["Id"] for entry in answer.get("Successful", [])}
        return {int(entry["Id"]): None for entry in entries if entry["Id"] not in taken}


@dataclass(frozen=True)
class RefreshQueues:
    """The queue of users who bought something a moment ago, and the queue of all others."""

    purchases: RefreshQueue
    others: RefreshQueue


def queue_url(arn: str, endpoint: str) -> str:
    """Return the URL of a queue from its ARN and the SQS endpoint that the client uses."""
    account, name = arn.split(":")[4:6]
    return f"{endpoint.rstrip('/')}/{account}/{name}"
