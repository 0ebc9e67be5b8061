"""Calls of one SQS queue, ten messages in each (SendMessageBatch, ChangeMessageVisibilityBatch; SQS API reference)."""

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from broker.clock import Clock
from broker.failures import Failure, aws_call
from broker.retry import Retry

BATCH = 10
MAX_VISIBILITY = MAX_DELAY = 900  # seconds
RETRY = Retry(attempts=3, base=0.1, cap=1.0)


class QueueCalls:
    """One queue; ``client`` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str, pool: Executor, clock: Clock) -> None:
        self._client = client
        self._url = url
        self._pool = pool
        self._clock = clock

    def send(self, entries: Sequence[Mapping[str, Any]], deadline: float) -> dict[int, Failure | None]:
        """Send messages; return the places of those that were not taken, with the failure if their whole call failed.

        An entry is one of SendMessageBatch's, without its ``Id``.
        """
        return self._in_tens(self._client.send_message_batch, entries, deadline)

    def hide(self, seconds: Mapping[str, int], deadline: float) -> None:
        """Hide messages for a number of seconds, by receipt handle.

        One that the queue refuses comes back after the queue's own visibility timeout: no harm, so no error.
        """
        entries = [
            {"ReceiptHandle": handle, "VisibilityTimeout": min(pause, MAX_VISIBILITY)}
            for handle, pause in seconds.items()
        ]
        self._in_tens(self._client.change_message_visibility_batch, entries, deadline)

    def _in_tens(
        self, operation: Any, entries: Sequence[Mapping[str, Any]], deadline: float
    ) -> dict[int, Failure | None]:
        numbered = [{"Id": str(place), **entry} for place, entry in enumerate(entries)]
        tens = [numbered[start : start + BATCH] for start in range(0, len(numbered), BATCH)]
        answers = self._pool.map(lambda ten: self._not_taken(operation, ten, deadline), tens)
        return {place: failure for not_taken in answers for place, failure in not_taken.items()}

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
