"""The time from an event to the profile: until mParticle has the list that takes the event into account. No I/O.

Nothing of the broker is asked. Personalize says which lists it gave whom, and mParticle which of them was written when.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from local_stack.audit.lag import percentile
from local_stack.soak.plan import PlannedFault

LEARNS = 2.0  # seconds after which a list takes an accepted event into account (AWS: 1 to 2 seconds)
WINDOW = 10.0  # seconds: lags are judged by when their events happened, in windows of this length
NORMAL = 1.5  # times the p99 in calm
CALM = 15.0  # seconds: a fault delays the lists of events that were made shortly before it
CALM_LASTS = 30.0  # seconds


class SentEvent(NamedTuple):
    """One event of a user: when the shop made it, and when Personalize accepted it, in epoch seconds."""

    user: str
    made_at: float
    accepted_at: float


class GivenList(NamedTuple):
    """A list that Personalize gave for a user, in epoch seconds."""

    user: str
    id: str
    items: tuple[str, ...]
    given_at: float


class Write(NamedTuple):
    """A list that mParticle wrote to a user's profile, in epoch seconds."""

    user: str
    list_id: str | None
    written_at: float


@dataclass(frozen=True)
class ProfileLags:
    """The lag in seconds of each event that changed its user's list, with the time at which it was made, in order.

    ``unchanged``: the events whose list was on the profile already. ``missing``: those whose list never came.
    """

    lags: Sequence[tuple[float, float]]
    unchanged: int
    missing: int

    def percentiles(self) -> dict[str, float | None]:
        """Return p50, p99 and the longest lag; None without events."""
        lags = [lag for _, lag in self.lags]
        return {"p50": percentile(lags, 0.5), "p99": percentile(lags, 0.99), "max": max(lags, default=None)}


def profile_lags(events: Iterable[SentEvent], lists: Iterable[GivenList], writes: Iterable[Write]) -> ProfileLags:
    """Return the lag of each event.

    The first list that is given two seconds after the acceptance, or later, takes an event into account. The lag ends
    with the first write of that list or of a newer one.
    """
    lists_of: dict[str, list[GivenList]] = defaultdict(list)
    writes_of: dict[str, list[Write]] = defaultdict(list)
    for one in sorted(lists, key=lambda one: one.given_at):
        lists_of[one.user].append(one)
    for write in sorted(writes, key=lambda write: write.written_at):
        writes_of[write.user].append(write)
    users = {user: _User(lists_of[user], writes_of[user]) for user in lists_of}
    found, unchanged, missing = [], 0, 0
    for event in sorted(events, key=lambda event: event.made_at):
        user = users.get(event.user)
        given = user.first_list(event.accepted_at + LEARNS) if user else None
        written_at = user.written_at(given) if user and given else None
        if user and given and user.has(given):
            unchanged += 1
        elif written_at is None:
            missing += 1
        else:
            found.append((event.made_at, written_at - event.made_at))
    return ProfileLags(found, unchanged, missing)


class _User:
    """One user's lists and writes, each in order."""

    def __init__(self, lists: Sequence[GivenList], writes: Sequence[Write]) -> None:
        self._lists = lists
        self._by_id = {given.id: given for given in lists}
        self._writes = [write for write in writes if write.list_id in self._by_id]
        self._given = [given.given_at for given in lists]
        self._written = [write.written_at for write in self._writes]

    def first_list(self, since: float) -> GivenList | None:
        """Return the first list that was given at a time or later."""
        place = bisect_left(self._given, since)
        return self._lists[place] if place < len(self._lists) else None

    def has(self, given: GivenList) -> bool:
        """Return whether the profile had these items when the list was given; an empty list is never written."""
        place = bisect_right(self._written, given.given_at)
        return not given.items or (place > 0 and self._list_of(place - 1).items == given.items)

    def written_at(self, given: GivenList) -> float | None:
        """Return when this list or a newer one was written first."""
        places = range(bisect_left(self._written, given.given_at), len(self._writes))
        return next((self._written[at] for at in places if self._list_of(at).given_at >= given.given_at), None)

    def _list_of(self, place: int) -> GivenList:
        return self._by_id[str(self._writes[place].list_id)]


def normal_limit(found: ProfileLags, began: float, planned: Sequence[PlannedFault]) -> float | None:
    """Return the most that the p99 of a normal window may be, in seconds; None without events before the faults.

    It is 1.5 times the p99 of the events in calm: from 45 to 15 seconds before a fault, the median over the faults. In
    the first minute nobody waits for a later interval yet, so it is no measure for an hour. ``began``: the epoch
    seconds from which the plan counts.
    """
    ends = [began + fault.at - CALM for fault in planned]
    calm = [[lag for made_at, lag in found.lags if end - CALM_LASTS <= made_at < end] for end in ends]
    calm = calm or [[lag for _, lag in found.lags]]
    p99s = [p99 for lags in calm if (p99 := percentile(lags, 0.99)) is not None]
    return NORMAL * median(p99s) if p99s else None


def normal_after(found: ProfileLags, began: float, planned: Sequence[PlannedFault]) -> list[float | None]:
    """Return for each fault the seconds from its end until the lag was normal again; None: not before the next one.

    It is normal again from the first of two windows in a row that are normal.
    """
    if not planned:
        return []
    limit = normal_limit(found, began, planned)
    windows: Mapping[int, list[float]] = _windows(found, began)
    ends = [*(fault.at for fault in planned[1:]), float("inf")]
    return [
        None if limit is None else _normal_after(windows, fault.at + fault.lasts, end, limit)
        for fault, end in zip(planned, ends, strict=True)
    ]


def _windows(found: ProfileLags, began: float) -> dict[int, list[float]]:
    windows: dict[int, list[float]] = defaultdict(list)
    for made_at, lag in found.lags:
        windows[int((made_at - began) // WINDOW)].append(lag)
    return dict(windows)


def _normal_after(windows: Mapping[int, list[float]], over: float, end: float, limit: float) -> float | None:
    """Return the seconds from ``over`` to the first of two normal windows; the one in which it lies counts as well."""
    places = [place for place in sorted(windows) if over < (place + 1) * WINDOW and place * WINDOW < end]
    for place in places:
        pair = [windows.get(place), windows.get(place + 1)]
        if all(lags and (percentile(lags, 0.99) or 0.0) <= limit for lags in pair):
            return max(0.0, place * WINDOW - over)
    return None
