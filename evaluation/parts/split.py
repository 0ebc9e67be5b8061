"""A split of interactions in parts: each part is split by itself, by a moment that holds for all of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy.typing as npt

from evaluation import splits
from evaluation.data.arms import Arm
from evaluation.data.log import Log, check_type
from evaluation.parts import quantile
from evaluation.parts.log import PartedLog
from evaluation.splits import HoldOut, Split
from personalize_data.errors import InvalidRequest

BY_USER = ("time", "leave-one-out", "last-basket")  # what one user's interactions decide, beside a moment for all


@dataclass(frozen=True, eq=False)
class PartedSplit:
    """Each part with its masks. ``logs``: can be iterated many times; ``arm``: whose users alone are asked about."""

    logs: Iterable[Log]
    hold_out: HoldOut
    arm: Arm | None = None

    @property
    def cut(self) -> int | None:
        return self.hold_out.at if self.hold_out.kind == "time" else None

    def __iter__(self) -> Iterator[tuple[Log, Split]]:
        for log in self.logs:
            yield log, self.of(log)

    def of(self, log: Log) -> Split:
        """Return the masks of a part."""
        parted = splits.masks(log, self.hold_out)
        if self.arm is None:
            return parted
        members = self.arm.members(log.rows.user_ids)
        return replace(parted, truth=parted.truth & members[log.rows.users])


def split(log: PartedLog, hold_out: HoldOut, arm: Arm | None = None) -> PartedSplit:
    """Part the interactions, as ``splits.split`` does. Raises InvalidRequest where that takes all users at once."""
    if hold_out.kind not in BY_USER:
        raise InvalidRequest(
            f"--hold-out {hold_out.kind}: it draws among all users at once, and the interactions are too many for "
            "--memory; try --hold-out time"
        )
    if hold_out.event_type is not None:
        check_type(log.event_types, hold_out.event_type)
    return PartedSplit(log, _resolved(hold_out, log.times), arm)


def _resolved(hold_out: HoldOut, times: Callable[[], Iterable[npt.NDArray]]) -> HoldOut:
    if hold_out.kind != "time" or hold_out.at is not None:
        return hold_out
    return replace(hold_out, at=quantile.higher(times, 1 - splits.NEWEST_SHARE))


def within(logs: Iterable[Log], hold_out: HoldOut, last: int) -> PartedSplit:
    """Return a split of the training by the same kind; see ``splits.within``. A side of it may be empty.

    ``hold_out``: of the test; ``last``: the last time of its truth.
    """
    if hold_out.kind == "time" and hold_out.at is not None:
        half = quantile.higher(lambda: (log.rows.times for log in logs), splits.HALF)
        hold_out = splits.inner_cut(hold_out, hold_out.at, last, half)
    return PartedSplit(logs, hold_out)


def check(hold_out: HoldOut, *, rows: int, users: int) -> None:
    """Raise InvalidRequest as ``splits.split``. ``rows``: of the training; ``users``: those with a truth."""
    splits.check_sides(hold_out, rows > 0, users > 0)
