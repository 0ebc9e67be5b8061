"""A user whose profile needs a new list, and the message that tells ``refresh`` so."""

import json
from dataclasses import dataclass

from broker.json_values import int64, texts
from broker.recommendations import digest

ENVIRONMENTS = ("production", "development")  # mParticle drops a batch of any other, and still answers 202


@dataclass(frozen=True)
class UserToRefresh:
    """A user seen on the stream, and what was known then.

    ``list_digest`` is the digest of the list that the profile had (None: not known) when the newest record arrived at
    the stream, at ``arrived_ms`` (None: not known). ``sequence_number`` is that record's, ``shard`` where it is (None:
    not known), and ``event_ms`` the newest event's time; all times are epoch milliseconds. ``is_purchase``: they bought
    something. ``requested_ms``: when the refresh was requested first, of a message that was postponed.
    """

    mpid: int
    environment: str
    list_digest: str | None
    sequence_number: str
    event_ms: int
    is_purchase: bool = False
    requested_ms: int | None = None
    shard: str | None = None
    arrived_ms: int | None = None

    def as_body(self) -> str:
        """Return the message: ASCII JSON of a few hundred bytes."""
        return json.dumps(vars(self), separators=(",", ":"))


def user_from_body(body: str) -> UserToRefresh:
    """Read a message. Raises ValueError if it is not the broker's."""
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one error for every body that is not a message
    mpid, event_ms = int64(fields.get("mpid")), int64(fields.get("event_ms"))
    environment, sequence_number = fields.get("environment"), fields.get("sequence_number")
    if not mpid or event_ms is None or environment not in ENVIRONMENTS or not isinstance(sequence_number, str):
        raise ValueError("a field is missing or wrong")
    known = fields.get("list_digest", _digest_of_list(fields.get("recommendations")))
    known = known if isinstance(known, str) else None
    is_purchase, requested_ms = fields.get("is_purchase") is True, int64(fields.get("requested_ms"))
    shard = fields.get("shard")
    shard = shard if isinstance(shard, str) else None
    arrived_ms = int64(fields.get("arrived_ms"))
    return UserToRefresh(
        mpid, environment, known, sequence_number, event_ms, is_purchase, requested_ms, shard, arrived_ms
    )


def _digest_of_list(listed: object) -> str | None:
    """Return the digest of the list itself, which messages had up to version 0.1.0."""
    items = texts(listed)
    return None if items is None else digest(items)
