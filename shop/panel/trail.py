"""Clicks on their way: record → interaction → PutEvents → list → profile, each with its time. Pure.

A record is read by the broker's own code, so the reasons are those that the functions count. All times are in epoch
milliseconds: those of the services are of one clock, that of the click is the browser's.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.batch import BadBatch, Batch, batch_from
from broker.documents import documents, unpack
from broker.interactions import Interaction, Rules, extract

KEPT_CLICKS, KEPT_SKIPPED, KEPT_OF_USERS = 1000, 300, 5000
KEPT_ACCEPTED = 20_000
VISIBLE_MS = 2000
"""After PutEvents, Personalize needs one to two seconds until an event counts: a list before that may not know it."""
SHOWN_OF_A_BATCH = ("environment", "mpid", "source_request_id", "timestamp_unixtime_ms", "events")
"""What a page shows of a batch: not who somebody is, nor from where."""


@dataclass(frozen=True)
class Record:
    """A record of the stream."""

    shard: str
    sequence_number: str
    arrived_ms: int
    data: bytes


@dataclass(frozen=True)
class Click:
    """One interaction: a product line of an event. ``event_id`` is the one that Personalize gets."""

    event_id: str
    mpid: str
    action: str
    item_id: str
    clicked_ms: int
    arrived_ms: int
    shard: str
    sequence_number: str
    batch: Mapping[str, Any]


@dataclass(frozen=True)
class LeftOut:
    """What of a batch is skipped for one reason."""

    reason: str
    number: int
    mpid: str
    arrived_ms: int
    batch: Mapping[str, Any]


@dataclass(frozen=True)
class Steps:
    """A click and how far it is: the times of the steps that are done, None for those that are not."""

    click: Click
    accepted_ms: int | None = None
    listed_ms: int | None = None
    list_id: str | None = None
    written_ms: int | None = None
    quarantined: str | None = None

    @property
    def seconds(self) -> dict[str, float | None]:
        """Return the seconds from the click to each step."""
        times = {"record": self.click.arrived_ms, "personalize": self.accepted_ms}
        times |= {"list": self.listed_ms, "profile": self.written_ms}
        return {name: None if time is None else (time - self.click.clicked_ms) / 1000 for name, time in times.items()}


class Trail:
    """The newest clicks. Not thread-safe: its owner locks."""

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules()
        self._clicks: OrderedDict[str, Click] = OrderedDict()
        self._accepted: OrderedDict[str, int] = OrderedDict()
        self._lists: OrderedDict[str, deque[tuple[int, str]]] = OrderedDict()
        self._writes: OrderedDict[str, deque[tuple[int, str]]] = OrderedDict()
        self._quarantined: dict[str, str] = {}
        self.left_out: deque[LeftOut] = deque(maxlen=KEPT_SKIPPED)

    def read(self, record: Record) -> None:
        """Take a record of the stream. What came before is passed over."""
        unpacked = unpack(record.data)
        for document in () if isinstance(unpacked, BadBatch) else documents(unpacked):
            batch = document if isinstance(document, BadBatch) else batch_from(document, record.arrived_ms)
            if isinstance(batch, Batch):
                self._read(batch, document, record)

    def accept(self, delivery: Mapping[str, Any]) -> None:
        """Take an event that Personalize has accepted: ``eventId`` and ``received_at`` (epoch seconds)."""
        self._accepted.setdefault(str(delivery["eventId"]), round(delivery["received_at"] * 1000))
        _shorten(self._accepted, KEPT_ACCEPTED)

    def give(self, given: Mapping[str, Any]) -> None:
        """Take a list of the campaign: ``userId``, ``recommendationId`` and ``given_at`` (epoch seconds)."""
        _note(self._lists, given["userId"], (round(given["given_at"] * 1000), given["recommendationId"]))

    def write(self, written: Mapping[str, Any]) -> None:
        """Take a list that was written to a profile: ``mpid``, ``product_recs_id`` and ``written_ms``."""
        _note(self._writes, written["mpid"], (written["written_ms"], written["product_recs_id"]))

    def quarantine(self, event_id: str, reason: str) -> None:
        """Take an interaction of the quarantine."""
        self._quarantined[event_id] = reason

    def newest(self, number: int, mpid: str | None = None) -> list[Steps]:
        """Return the newest clicks, the newest first; ``mpid``: of one customer."""
        clicks = [click for click in reversed(self._clicks.values()) if mpid in (None, click.mpid)]
        clicks.sort(key=lambda click: -click.arrived_ms)  # several shards are read one after the other
        return [self._steps(click) for click in clicks[:number]]

    def of(self, event_id: str) -> Steps | None:
        """Return one click, None if it is not among the newest."""
        click = self._clicks.get(event_id)
        return self._steps(click) if click else None

    def newest_writes(self, number: int) -> list[tuple[str, int, str]]:
        """Return who got which list last, and when: mpid, time, id of the list."""
        newest = [(mpid, *writes[-1]) for mpid, writes in self._writes.items()]
        return sorted(newest, key=lambda one: -one[1])[:number]

    def _read(self, batch: Batch, document: Any, record: Record) -> None:
        interactions, left_out = extract(batch, self._rules)
        shown = {name: document[name] for name in SHOWN_OF_A_BATCH if name in document}
        for one in interactions:
            self._clicks.setdefault(one.event_id, _click(one, shown, record))
        _shorten(self._clicks, KEPT_CLICKS)
        for reason, number in left_out.items():
            self.left_out.appendleft(LeftOut(str(reason), number, str(batch.mpid), record.arrived_ms, shown))

    def _steps(self, click: Click) -> Steps:
        accepted = self._accepted.get(click.event_id)
        quarantined = self._quarantined.get(click.event_id)
        if accepted is None:
            return Steps(click, quarantined=quarantined)
        lists = {list_id: at for at, list_id in self._lists.get(click.mpid, ()) if at >= accepted + VISIBLE_MS}
        writes = self._writes.get(click.mpid, ())
        written, list_id = next(((at, one) for at, one in writes if one in lists), (None, next(iter(lists), None)))
        return Steps(click, accepted, lists.get(list_id or ""), list_id, written, quarantined)


def median_seconds(steps: Iterable[Steps], step: str) -> float | None:
    """Return the median time from a click to a step, of the clicks that have done it."""
    known = sorted(value for one in steps if (value := one.seconds[step]) is not None)
    return known[len(known) // 2] if known else None


def _click(one: Interaction, shown: Mapping[str, Any], record: Record) -> Click:
    return Click(
        event_id=one.event_id,
        mpid=one.user_id,
        action=one.action,
        item_id=one.item_id,
        clicked_ms=one.time_ms,
        arrived_ms=record.arrived_ms,
        shard=record.shard,
        sequence_number=record.sequence_number,
        batch=shown,
    )


def _note(by_user: OrderedDict[str, deque[tuple[int, str]]], mpid: str, what: tuple[int, str]) -> None:
    by_user.setdefault(mpid, deque(maxlen=50)).append(what)
    by_user.move_to_end(mpid)
    _shorten(by_user, KEPT_OF_USERS)


def _shorten(held: OrderedDict[str, Any], most: int) -> None:
    while len(held) > most:
        held.popitem(last=False)
