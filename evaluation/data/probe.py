"""Rows of the broker's own probe, which is no customer: an export of what Personalize has may hold one."""

import polars as pl
from broker.probe import PROBE


def without(frame: pl.DataFrame, user: str = "USER_ID") -> tuple[pl.DataFrame, int]:
    """Return a table without the probe's rows, and how many there were; ``user`` is the column of user ids."""
    customers = frame.filter(pl.col(user).ne_missing(PROBE))
    return customers, len(frame) - len(customers)
