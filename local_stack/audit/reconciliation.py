"""Reconciliation: everything on the stream is in Personalize, in quarantine, in the on-failure bucket, still on
the stream, or skipped with a reason; nothing else is in Personalize. It compares sets, since deliveries repeat.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from local_stack.audit.rows import (
    Entry,
    Row,
    Skipped,
    StreamRecord,
    UndatedRow,
    Unreadable,
    from_record,
    split_event_id,
    undated,
)
from local_stack.audit.view_sample import ALL

Position = tuple[str, str]  # a shard and a sequence number


@dataclass
class Holdings:
    """The content of the services.

    ``accepted`` has the event ids under which Personalize accepted each row. ``quarantined`` has shard, sequence number
    and index (the part of the record) of every row in quarantine; ``quarantined_whole`` has the records that are in
    quarantine as a whole.
    """

    accepted: Mapping[Row, set[str]]
    quarantined: set[tuple[str, str, str]] = field(default_factory=set)
    quarantined_whole: set[Position] = field(default_factory=set)
    on_failure: set[Position] = field(default_factory=set)
    still_on_stream: set[Position] = field(default_factory=set)

    def place(self, entry: Entry, position: Position) -> str:
        """Return the place of an entry of a record; ``lost`` if it is nowhere."""
        if isinstance(entry, Skipped):
            return "skipped"
        if entry in self.accepted or entry in self._accepted_undated:
            return "in_personalize"
        if position in self.quarantined_whole or self._refused(entry, position):
            return "quarantined"
        if position in self.on_failure:
            return "on_failure"
        return "on_stream" if position in self.still_on_stream else "lost"

    @cached_property
    def _accepted_undated(self) -> set[UndatedRow]:
        return set(map(undated, self.accepted))

    def _refused(self, entry: Row | UndatedRow | Unreadable, position: Position) -> bool:
        if isinstance(entry, Unreadable):  # a row holds the whole record, so one row stands for all of its documents
            return position in self._with_unreadable
        return (*position, entry.event_id, entry.product_index) in self._refused_rows

    @cached_property
    def _with_unreadable(self) -> set[Position]:
        return {(shard, number) for shard, number, index in self.quarantined if index.isdigit()}

    @cached_property
    def _refused_rows(self) -> set[tuple[str, str, str, int]]:
        parts = ((shard, number, index) for shard, number, index in self.quarantined if not index.isdigit())
        return {(shard, number, *split_event_id(index)[:2]) for shard, number, index in parts}


@dataclass
class Audit:
    """The entries of the stream by place. An entry that was delivered twice counts at the place of the better copy."""

    places: dict[str, set[Entry]]
    unexpected: set[Row]
    duplicated: set[Row]

    PLACES: ClassVar = ("in_personalize", "skipped", "quarantined", "on_failure", "on_stream", "lost")

    def count(self, place: str) -> int:
        """Return the number of entries in a place."""
        return len(self.places[place])

    @property
    def entries(self) -> int:
        """The number of entries that were put on the stream."""
        return sum(map(len, self.places.values()))

    @property
    def holds(self) -> bool:
        """Whether nothing is lost, and nothing in Personalize is unexpected or has two event ids.

        Both of two ids would be used in training; of two deliveries with one id only one is.
        """
        return not (self.places["lost"] or self.unexpected or self.duplicated)


def audit(records: Iterable[StreamRecord], holdings: Holdings, view_sample: float = ALL) -> Audit:
    """Compare every record that was ever on the stream with the content of the services.

    ``view_sample``: the share of the sessions whose views the broker is to report.
    """
    places: dict[str, set[Entry]] = {place: set() for place in Audit.PLACES}
    for record in records:
        for entry in from_record(record, view_sample=view_sample):
            places[holdings.place(entry, (record.shard_id, record.sequence_number))].add(entry)
    counted: set[Entry] = set()
    for place in Audit.PLACES:
        places[place] -= counted
        counted |= places[place]
    known = places["in_personalize"]
    unexpected = {row for row in holdings.accepted if row not in known and undated(row) not in known}
    return Audit(places, unexpected, {row for row, event_ids in holdings.accepted.items() if len(event_ids) > 1})
