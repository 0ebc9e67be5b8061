"""A user whose profile needs a new list, and the message that tells ``refresh`` so."""

import json
from dataclasses import dataclass

from broker.json_values import int64, texts

MAX_BYTES = 2048
ENVIRONMENTS = ("production", "development")  # mParticle drops a batch of any other, and still answers 202


@dataclass(frozen=True)
class UserToRefresh:
    """A user seen on the stream, and what was known then.

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
        body = json.dumps(vars(self), separators=(",", ":"))
        return body if len(body) <= MAX_BYTES else json.dumps(vars(self) | {"recommendations": None})


def user_from_body(body: str) -> UserToRefresh:
    """Read a message. Raises ValueError if it is not the broker's."""
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for every body that is not a message
    mpid, event_ms = int64(fields.get("mpid")), int64(fields.get("event_ms"))
    environment, sequence_number = fields.get("environment"), fields.get("sequence_number")
    if not mpid or event_ms is None or environment not in ENVIRONMENTS or not isinstance(sequence_number, str):
        raise ValueError("a field is missing or wrong")
    return UserToRefresh(mpid, environment, texts(fields.get("recommendations")), sequence_number, event_ms)
