"""What is known of one user or item for its dataset: the newest value of each column, and what was sent of it.

Personalize replaces a record by the one that is put, it does not merge them (Developer Guide, "Importing individual
records"): so the whole record is known here. Each column keeps its newest value, whatever the order in which values
come, and one that nobody names again stays.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from broker.metadata.columns import CREATED, Columns, Value
from broker.metadata.sightings import Fields, Sighting

# Seconds after which it is written that a value is still the same. So an older value can't come in between any more.
CONFIRM_EVERY = 900.0
DEDUPLICATED = 280.0  # seconds; a FIFO queue takes a message once in 300 (SQS developer guide, message deduplication)
REQUEUE_AFTER = 6 * 3_600.0  # seconds after which a message is taken for lost
RETRY_REFUSED = 86_400.0  # seconds after which a refused record is tried again, with the next event


@dataclass(frozen=True)
class Policy:
    """How a dataset is filled. ``adds_only``: a record that is known is left as it is.

    ``confirm_every``: see CONFIRM_EVERY.
    """

    columns: Columns
    adds_only: bool = False
    confirm_every: float = CONFIRM_EVERY


@dataclass(frozen=True)
class State:
    """One user's or item's item in the table; times of it are epoch seconds.

    ``version``: how often the fields were written. ``sent``: the digest of the record that Personalize has, or has
    refused at ``refused_at``. ``settled``: how often a message was worked off. ``pending_since``: since when one waits,
    0 if none does. ``is_imported``: it is in a file that was imported, which goes before the stream.
    """

    fields: Fields = field(default_factory=dict)
    version: int = 0
    sent: str = ""
    settled: int = 0
    pending_since: float = 0.0
    refused_at: float = 0.0
    is_imported: bool = False

    @property
    def values(self) -> dict[str, Value]:
        """Return the record: the columns that have a value."""
        return {name: value for name, (_, value) in sorted(self.fields.items()) if value is not None}

    @property
    def digest(self) -> str:
        """Return 16 bytes in hexadecimal that stand for the record."""
        return hashlib.sha256(_text(self.values).encode()).hexdigest()[:32]

    def is_complete(self, columns: Columns) -> bool:
        """Return whether the record has a value at all, and one of each column that may not be empty."""
        values = self.values
        return bool(values) and all(column.name in values for column in columns if column.is_required)

    @property
    def is_known(self) -> bool:
        """Return whether the dataset has the record, or is about to get it."""
        return bool(self.is_imported or self.pending_since or (self.sent and not self.refused_at))

    @property
    def is_final(self) -> bool:
        """Return whether a stream that only adds records has nothing more to do with it."""
        return self.is_known and not self.pending_since


@dataclass(frozen=True)
class Step:
    """What a sighting comes to: the new state, whether it is to be written, and whether a message is to be sent."""

    state: State
    write: bool
    send: bool


def merged(known: Fields, seen: Fields) -> Fields:
    """Return each column's newest value; of two of one time the same one, whatever the order in which they come."""
    newest = dict(known)
    for name, stamped in seen.items():
        if name not in newest or _rank(stamped) > _rank(newest[name]):
            newest[name] = stamped
    return newest


def together(first: Sighting, second: Sighting) -> Sighting:
    """Return two sightings of one user or item as one."""
    fields = merged(first.fields, second.fields)
    return first._replace(fields=fields, time_ms=min(first.time_ms, second.time_ms))


def after(state: State, seen: Sighting, policy: Policy, now: float) -> Step:
    """Return what a sighting comes to; ``now`` in epoch seconds."""
    if policy.adds_only and state.is_known:
        return _without_change(state, now)
    fields = merged(_began(state, seen, policy), seen.fields)
    new = replace(state, fields=fields, version=state.version + 1)
    is_changed = new.values != state.values
    is_wanted = _is_lost(state, now) or (not state.pending_since and _is_wanted(new, now, is_changed=is_changed))
    if is_wanted and new.is_complete(policy.columns):
        return Step(replace(new, pending_since=now, refused_at=0.0), write=True, send=True)
    if is_changed or _is_confirmed(state.fields, fields, policy.confirm_every):
        return Step(new, write=True, send=False)
    return _without_change(state, now)


def settled(state: State, now: float, *, sent: str | None, is_refused: bool = False) -> State:
    """Return the state when a message is worked off. ``sent``: the digest of the record that was put, None without one.

    Where the record has changed meanwhile, it is pending again, and another message is to be sent.
    """
    is_current = sent is None or sent == state.digest
    return replace(
        state,
        version=state.version + 1,
        sent=state.sent if sent is None else sent,
        settled=state.settled + 1,
        pending_since=0.0 if is_current else now,
        refused_at=now if is_refused and is_current else 0.0,
    )


def properties(values: Mapping[str, Value]) -> str:
    """Return the properties of PutUsers and PutItems: JSON, with the columns' names in camelCase."""
    return _text({camel_case(name): value for name, value in values.items()})


def camel_case(column: str) -> str:
    """Return the key of a column in properties (Developer Guide: the schema's column in camelCase)."""
    first, *rest = column.split("_")
    return first.lower() + "".join(word.capitalize() for word in rest)


def _is_lost(state: State, now: float) -> bool:
    return bool(state.pending_since) and now - state.pending_since >= REQUEUE_AFTER


def _is_wanted(new: State, now: float, *, is_changed: bool) -> bool:
    if new.refused_at and not is_changed:
        return now - new.refused_at >= RETRY_REFUSED
    return new.digest != new.sent


def _without_change(state: State, now: float) -> Step:
    """Return the step of a sighting that says nothing new.

    The process that wrote the state may have ended before it sent the message, and its records come again: within the
    time in which the queue knows a message twice, it is sent once more.
    """
    if _is_lost(state, now):
        return Step(replace(state, version=state.version + 1, pending_since=now), write=True, send=True)
    return Step(state, write=False, send=bool(state.pending_since) and now - state.pending_since < DEDUPLICATED)


def _began(state: State, seen: Sighting, policy: Policy) -> Fields:
    """Return the fields before a sighting. A new item's creation is its first sighting, where nothing else says it."""
    is_new = state.version == 0 and not state.fields
    if is_new and any(column.name == CREATED and not column.source for column in policy.columns):
        return {CREATED: (0, seen.time_ms // 1000)}
    return state.fields


def _is_confirmed(old: Fields, new: Fields, confirm_every: float) -> bool:
    """Return whether times are worth a write: of a value that is the same for long, and of one that is gone."""
    return any(name not in old or stamped[0] - old[name][0] > confirm_every * 1000 for name, stamped in new.items())


def _rank(stamped: tuple[int, Value | None]) -> tuple[int, str]:
    time_ms, value = stamped
    return time_ms, _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
