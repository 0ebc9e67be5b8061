"""Several cuts of the same interactions, each followed by a period as long as the last one's: a rolling origin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from evaluation.data.log import Log
from evaluation.splits import DAY, HoldOut, Split, default_cut, split
from personalize_data.errors import InvalidRequest


def hold_outs(log: Log, hold_out: HoldOut, cuts: int) -> Sequence[HoldOut]:
    """Return how to hold out at each cut, the oldest first. Periods touch, and none overlaps another."""
    times = log.rows.times
    newest = default_cut(times) if hold_out.at is None else hold_out.at
    days = hold_out.horizon_days
    period = int(times.max()) + 1 - newest if days is None else int(days * DAY)
    if cuts > 1 and period < 1:
        raise InvalidRequest(
            f"--cuts {cuts}: nothing lies after the newest of them: hold out from an earlier time (--at)"
        )
    return [
        replace(hold_out, at=newest - before * period, horizon_days=period / DAY) for before in range(cuts - 1, -1, -1)
    ]


def split_at(log: Log, hold_out: HoldOut, cuts: int) -> Split:
    """Part the interactions at one of several cuts. Raises InvalidRequest if nothing is left on one side."""
    try:
        return split(log, hold_out)
    except InvalidRequest as refused:
        at = f"{datetime.fromtimestamp(hold_out.at or 0, UTC):%Y-%m-%d}"
        raise InvalidRequest(f"--cuts {cuts}: at the cut of {at}, {refused}; or ask for fewer cuts") from None
