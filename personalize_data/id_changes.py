"""Users whose mpid changed at a login, as mParticle names them: in ``profile`` events, which it calls deprecated.

A ``user_identity_change`` has no mpid, and an alias request is not sent to Kinesis.
"""

from typing import NamedTuple

from broker.batch import Event
from broker.values import ids

LOGINS = frozenset({"login", "signup"})  # at a logout, the next user of the device may be somebody else


class IdChange(NamedTuple):
    """At a login, a user whose mpid was ``previous`` became ``current``."""

    previous: int
    current: int


def id_change(event: Event) -> IdChange | None:
    """Return the change that an event names, None if it names none. Never raises."""
    kind = event.data.get("profile_event_type") if event.type == "profile" else None
    if not isinstance(kind, str) or kind.strip().lower() not in LOGINS:
        return None
    previous, current = (ids.int64_from_json(event.data.get(name)) for name in ("previous_mpid", "current_mpid"))
    return IdChange(previous, current) if previous and current and previous != current else None
