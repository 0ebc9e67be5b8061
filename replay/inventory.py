"""The inventory of quarantined records, the selection to redrive, and a summary without personal data. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from replay.records import Record
from replay.store import StoredObject


@dataclass
class QuarantinedRecord:
    """One quarantined record, and every object that holds it; its content stays in the bucket."""

    id: str
    kind: str
    arrived_ms: int
    size: int
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)  # (source, reason) → the first object's key
    objects: list[StoredObject] = field(default_factory=list)
    redriven: bool = False
    repeatable: bool = True
    suppressed: bool = False


@dataclass(frozen=True)
class RecordFilter:
    """A filter of records: any of the reasons (none: all), and a range of arrival times (epoch milliseconds)."""

    reasons: Collection[str] = ()
    since_ms: float | None = None
    until_ms: float | None = None

    def selects(self, record: QuarantinedRecord) -> bool:
        """Whether a record is to be redriven: selected, not yet redriven, repeatable, and not of suppressed users."""
        return not record.redriven and record.repeatable and not record.suppressed and self.covers(record)

    def covers(self, record: QuarantinedRecord) -> bool:
        """Whether the filter covers a record."""
        has_reason = not self.reasons or any(reason in self.reasons for _, reason in record.reasons)
        after = self.since_ms is None or record.arrived_ms >= self.since_ms
        return has_reason and after and (self.until_ms is None or record.arrived_ms < self.until_ms)


class Inventory:
    """All quarantined records, each once, even if several objects hold it."""

    def __init__(self) -> None:
        self.records: dict[str, QuarantinedRecord] = {}
        self.unreadable: list[StoredObject] = []

    def add(
        self, stored: StoredObject, record: Record, *, redriven: bool, repeatable: bool, suppressed: bool = False
    ) -> None:
        """Add a record that an object holds."""
        known = self.records.setdefault(
            record.id, QuarantinedRecord(record.id, record.kind, record.arrived_ms, len(record.data))
        )
        for reason in record.reasons:
            known.reasons.setdefault((stored.source, reason), stored.key)
        known.objects.append(stored)
        known.redriven |= redriven
        known.repeatable &= repeatable
        known.suppressed |= suppressed

    def chosen(self, record_filter: RecordFilter) -> list[QuarantinedRecord]:
        """Return the records to redrive, in order of arrival."""
        selected = (record for record in self.records.values() if record_filter.selects(record))
        return sorted(selected, key=lambda record: (record.arrived_ms, record.id))

    def lines(self, record_filter: RecordFilter) -> list[dict[str, Any]]:
        """Return the summary of the records that a filter covers: a JSON object per source, kind and reason."""
        lines: dict[tuple[str, str, str], list[tuple[QuarantinedRecord, str]]] = {}
        for record in filter(record_filter.covers, self.records.values()):
            for (source, reason), key in record.reasons.items():
                lines.setdefault((source, record.kind, reason), []).append((record, key))
        return [_line(*group, of_group) for group, of_group in sorted(lines.items())]


def _line(source: str, kind: str, reason: str, unordered: Iterable[tuple[QuarantinedRecord, str]]) -> dict[str, Any]:
    members = sorted(unordered, key=lambda member: (member[0].redriven, member[0].arrived_ms))
    arrivals = [member.arrived_ms for member, _ in members]
    return {
        "source": source,
        "kind": kind,
        "reason": reason,
        "waiting": sum(not member.redriven for member, _ in members),
        "redriven": sum(member.redriven for member, _ in members),
        "first": timestamp(min(arrivals)),
        "last": timestamp(max(arrivals)),
        "example": members[0][1],
    }


def timestamp(ms: float) -> str:
    """Return epoch milliseconds as ISO 8601 text in UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def redriven_ids(marks: Mapping[str, Collection[str]]) -> set[str]:
    """Return the ids of all redriven records."""
    return {id for ids in marks.values() for id in ids}
