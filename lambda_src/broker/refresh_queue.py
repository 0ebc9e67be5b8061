"""The refresh queue: which customers' profiles want a new list. One message a customer; SQS takes ten a call."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from typing import Any

from broker.batch import int64, texts
from broker.failures import Failure, aws_call

BATCH = 10  # SendMessageBatch and ChangeMessageVisibilityBatch, SQS API reference
MAX_BYTES = 2048
MAX_VISIBILITY = 900


@dataclass(frozen=True)
class UserToRefresh:
    """A customer seen on the stream, and what was known then.

    ``recommendations`` is the list that the profile had (None: not known), ``sequence_number`` the newest record's, and
    ``event_ms`` the newest event's time in epoch milliseconds.
    """

    mpid: int
    environment: str
    recommendations: tuple[str, ...] | None
    sequence_number: str
    event_ms: int

    def as_body(self) -> str:
        """Return the message: ASCII JSON of at most 2 KB, without the list where that would not fit."""
        body = json.dumps(asdict(self), separators=(",", ":"))
        return body if len(body) <= MAX_BYTES else json.dumps(asdict(self) | {"recommendations": None})


def from_body(body: str) -> UserToRefresh:
    """Read a message. Raises ValueError where it is none of ours."""
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for every body that is not a message
    mpid, event_ms = int64(fields.get("mpid")), int64(fields.get("event_ms"))
    environment, sequence_number = fields.get("environment"), fields.get("sequence_number")
    if not mpid or event_ms is None or not isinstance(environment, str) or not isinstance(sequence_number, str):
        raise ValueError("a field is missing")
    return UserToRefresh(mpid, environment, texts(fields.get("recommendations")), sequence_number, event_ms)


class RefreshQueue:
    """One queue; ``client`` is a boto3 SQS client."""

    def __init__(self, client: Any, url: str, pool: Executor) -> None:
        self._client = client
        self._url = url
        self._pool = pool

    def send(self, users: Sequence[UserToRefresh]) -> set[int]:
        """Send a message a customer; return the mpids of those that the queue did not take."""
        entries = [{"Id": str(place), "MessageBody": user.as_body()} for place, user in enumerate(users)]
        return {users[place].mpid for place in self._in_tens(self._client.send_message_batch, entries)}

    def postpone(self, seconds: Mapping[str, int]) -> None:
        """Hide messages for so many seconds more, by receipt handle.

        One that the queue refuses comes back after the queue's own visibility timeout: no harm, so no error.
        """
        entries = [
            {"Id": str(place), "ReceiptHandle": handle, "VisibilityTimeout": min(pause, MAX_VISIBILITY)}
            for place, (handle, pause) in enumerate(seconds.items())
        ]
        self._in_tens(self._client.change_message_visibility_batch, entries)

    def _in_tens(self, operation: Any, entries: Sequence[Mapping[str, Any]]) -> set[int]:
        """Return the places of the entries that were refused, alone or with their whole call."""
        tens = [entries[start : start + BATCH] for start in range(0, len(entries), BATCH)]
        return set().union(*self._pool.map(lambda ten: self._refused(operation, ten), tens))

    def _refused(self, operation: Any, entries: Sequence[Mapping[str, Any]]) -> set[int]:
        try:
            answer = aws_call(operation, QueueUrl=self._url, Entries=entries)
        except Failure:
            return {int(entry["Id"]) for entry in entries}
        return {int(entry["Id"]) for entry in answer.get("Failed", [])}


def queue_url(arn: str, endpoint: str) -> str:
    """Return the URL of a queue from its ARN and the SQS endpoint that the client uses."""
    account, name = arn.split(":")[4:6]
    return f"{endpoint.rstrip('/')}/{account}/{name}"
