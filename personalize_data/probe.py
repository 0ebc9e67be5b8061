"""Rows of the broker's own probe, which is no customer: an export of what Personalize has may hold some."""

from typing import TYPE_CHECKING

from broker.probe import PROBE

if TYPE_CHECKING:  # reading a CSV without polars needs not wait for it
    import polars as pl

REASON = "broker_probe"


def is_probe(user_id: str) -> bool:
    """Return whether a user is the probe."""
    return user_id == PROBE


def without(frame: "pl.DataFrame", user: str = "USER_ID") -> tuple["pl.DataFrame", int]:
    """Return a table without the probe's rows, and how many there were; ``user`` is the column of user ids."""
    if not (frame[user] == PROBE).any():
        return frame, 0
    rest = frame.filter(frame[user].ne_missing(PROBE))
    return rest, len(frame) - len(rest)
