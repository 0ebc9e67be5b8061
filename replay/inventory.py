"""What is set aside, which part of it is chosen, and the account of both without anything personal. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from replay.records import Record
from replay.store import Object


@dataclass
class Held:
    """One record that is set aside, and every object that holds it; what it says stays in the bucket."""

    id: str
    kind: str
    arrived_ms: int
    size: int
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)  # (source, reason) → the first object's key
    objects: list[Object] = field(default_factory=list)
    put_back: bool = False
    repeatable: bool = True


@dataclass(frozen=True)
class Choice:
    """Which records: any of the reasons (none: all), and arrived in between (epoch milliseconds)."""

    reasons: Collection[str] = ()
    since_ms: float | None = None
    until_ms: float | None = None

    def takes(self, held: Held) -> bool:
        """Whether a record is to be put back: chosen, not yet put back, and the same when it is."""
        return not held.put_back and held.repeatable and self.covers(held)

    def covers(self, held: Held) -> bool:
        """Whether the choice speaks of a record."""
        wanted = not self.reasons or any(reason in self.reasons for _, reason in held.reasons)
        after = self.since_ms is None or held.arrived_ms >= self.since_ms
        return wanted and after and (self.until_ms is None or held.arrived_ms < self.until_ms)


class Inventory:
    """All records that are set aside, each once, however many objects hold it."""

    def __init__(self) -> None:
        self.records: dict[str, Held] = {}
        self.unreadable: list[Object] = []

    def add(self, place: Object, record: Record, *, put_back: bool, repeatable: bool) -> None:
        """Take a record that an object holds."""
        held = self.records.setdefault(record.id, Held(record.id, record.kind, record.arrived_ms, len(record.data)))
        for reason in record.reasons:
            held.reasons.setdefault((place.source, reason), place.key)
        held.objects.append(place)
        held.put_back |= put_back
        held.repeatable &= repeatable

    def chosen(self, choice: Choice) -> list[Held]:
        """Return what is to be put back, in the order of arrival."""
        taken = (held for held in self.records.values() if choice.takes(held))
        return sorted(taken, key=lambda held: (held.arrived_ms, held.id))

    def lines(self, choice: Choice) -> list[dict[str, Any]]:
        """Return the account of what a choice speaks of: a JSON object for each source, kind and reason."""
        lines: dict[tuple[str, str, str], list[tuple[Held, str]]] = {}
        for held in filter(choice.covers, self.records.values()):
            for (source, reason), key in held.reasons.items():
                lines.setdefault((source, held.kind, reason), []).append((held, key))
        return [_line(*group, of_group) for group, of_group in sorted(lines.items())]


def _line(source: str, kind: str, reason: str, held: Iterable[tuple[Held, str]]) -> dict[str, Any]:
    members = sorted(held, key=lambda one: (one[0].put_back, one[0].arrived_ms))
    arrivals = [one.arrived_ms for one, _ in members]
    return {
        "source": source,
        "kind": kind,
        "reason": reason,
        "waiting": sum(not one.put_back for one, _ in members),
        "put_back": sum(one.put_back for one, _ in members),
        "first": timestamp(min(arrivals)),
        "last": timestamp(max(arrivals)),
        "example": members[0][1],
    }


def timestamp(ms: float) -> str:
    """Return epoch milliseconds for people and programs."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def already(marks: Mapping[str, Collection[str]]) -> set[str]:
    """Return the ids of all that was put back."""
    return {id for ids in marks.values() for id in ids}
