"""Several cuts of the same interactions, each followed by a period as long as the last one's: a rolling origin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from evaluation.data.log import Log
from evaluation.splits import DAY, HoldOut, Split, default_cut, split
from personalize_data.errors import InvalidRequest


def hold_outs(log: Log, hold_out: HoldOut, cuts: int) -> Sequence[HoldOut]:
    """Return how to hold out at each cut, the oldest first. Periods touch, and none overlaps another."""
    newest = default_cut(log.rows.times) if hold_out.at is None else hold_out.at
    return periods(newest, int(log.rows.last), hold_out, cuts)


def periods(newest: int, last: int, hold_out: HoldOut, cuts: int) -> Sequence[HoldOut]:
    """Return ``hold_outs``. ``newest``: the newest cut; ``last``: the time of the last interaction; epoch seconds."""
    days = hold_out.horizon_days
    period = last + 1 - newest if days is None else int(days * DAY)
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
        raise at_cut(refused, hold_out, cuts) from None


def at_cut(refused: InvalidRequest, hold_out: HoldOut, cuts: int) -> InvalidRequest:
    """Return why a split at one of several cuts is refused."""
    at = f"{datetime.fromtimestamp(hold_out.at or 0, UTC):%Y-%m-%d}"
    return InvalidRequest(f"--cuts {cuts}: at the cut of {at}, {refused}; or ask for fewer cuts")
