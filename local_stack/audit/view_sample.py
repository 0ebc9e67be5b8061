"""Which product views are for Personalize where only a share of the sessions is reported: a second statement of it."""

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from local_stack.audit.values import name_of

ALL = 1.0
VIEW = "view_detail"


def is_left_out(action: str | None, customer: str, session: str, share: float) -> bool:
    """Return whether a product line of a known customer is left out: views only, whole sessions, by chance.

    The chance is BLAKE2b's 64 bits of customer and session, read as a fraction of one.
    """
    digest = hashlib.blake2b(f"{customer}|{session}".encode(), digest_size=8, person=b"view-sample").hexdigest()
    return action == VIEW and Fraction(int(digest, 16), 1 << 64) >= share


def session_of(data: Mapping[str, Any], batch: Mapping[str, Any], customer: str) -> str:
    """Return an event's session: its own id, else the upload's, else the customer stands for it."""
    given = [data.get("session_uuid"), data.get("session_id"), batch.get("message_id"), batch.get("batch_id")]
    return next((name for name in map(name_of, given) if name), customer)
