"""The refresh queue: which customers' profiles want a new list. One message a customer; SQS takes ten a call."""

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from broker.failures import Failure, Retry, Time, aws_call
from broker.users import UserToRefresh

BATCH = 10  # SendMessageBatch and ChangeMessageVisibilityBatch, SQS API reference
MAX_VISIBILITY = 900
RETRY = Retry(attempts=3, base=0.1, cap=1.0)


class RefreshQueue:
    """One queue; ``client`` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str, pool: Executor, time: Time) -> None:
        self._client = client
        self._url = url
        self._pool = pool
        self._time = time

    def send(self, users: Sequence[UserToRefresh], deadline: float) -> set[int]:
        """Send a message a customer; return the mpids of those that the queue did not take."""
        entries = [{"Id": str(place), "MessageBody": user.as_body()} for place, user in enumerate(users)]
        return {users[place].mpid for place in self._in_tens(self._client.send_message_batch, entries, deadline)}

    def postpone(self, seconds: Mapping[str, int], deadline: float) -> None:
        """Hide messages for so many seconds more, by receipt handle.

        One that the queue refuses comes back after the queue's own visibility timeout: no harm, so no error.
        """
        entries = [
            {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": min(pause, MAX_VISIBILITY)}
            for place, (handle, pause) in enumerate(seconds.items())
        ]
        self._in_tens(self._client.change_message_visibility_batch, entries, deadline)

    def _in_tens(self, operation: Any, entries: Sequence[Mapping[str, Any]], deadline: float) -> set[int]:
        """Return the places of the entries that were refused, alone or with their whole call."""
        tens = [entries[start : start + BATCH] for start in range(0, len(entries), BATCH)]
        return set().union(*self._pool.map(lambda ten: self._refused(operation, ten, deadline), tens))

    def _refused(self, operation: Any, entries: Sequence[Mapping[str, Any]], deadline: float) -> set[int]:
        call = functools.partial(aws_call, operation, QueueUrl=self._url, Entries=entries)
        try:
            answer = RETRY.call(call, self._time, deadline)
        except Failure:
            return {int(entry["Id"]) for entry in entries}
        # What counts is what the queue says it took: of a reply that broke off, botocore makes one without any entry.
        taken = {entry["Id"] for entry in answer.get("Successful", [])}
        return {int(entry["Id"]) for entry in entries if entry["Id"] not in taken}


def queue_url(arn: str, endpoint: str) -> str:
    """Return the URL of a queue from its ARN and the SQS endpoint that the client uses."""
    account, name = arn.split(":")[4:6]
    return f"{endpoint.rstrip('/')}/{account}/{name}"
