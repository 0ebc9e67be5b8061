"""What a conversion came to: rows, what was left out and why, what could not be read and where."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SHOWN = 10


class Example(NamedTuple):
    """A row or a record that can't be read: its file, its line, and the reason code."""

    file: str
    line: int
    reason: str


@dataclass
class ImportSummary:
    """Counts of one conversion. ``skipped``: by the broker's rules. ``bad``: unreadable; the first have their place."""

    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    notes: list[str] = field(default_factory=list)
    users: Counter[str] = field(default_factory=Counter)

    def refuse(self, file: str, line: int, reason: str) -> None:
        """Count a record that can't be read."""
        self.bad[reason] += 1
        if len(self.examples) < SHOWN:
            self.examples.append(Example(file, line, reason))

    def keep(self, user: str | None = None, seconds: int | None = None) -> None:
        """Count a row; of interactions also whose and when (epoch seconds)."""
        self.rows += 1
        if user is not None:
            self.users[user] += 1
        if seconds is not None:
            self.first = seconds if self.first is None else min(self.first, seconds)
            self.last = seconds if self.last is None else max(self.last, seconds)

    def as_json(self) -> dict[str, Any]:
        """Return it without any id of a customer."""
        return {
            "rows": self.rows,
            "users": len(self.users),
            "users_with_two": sum(number > 1 for number in self.users.values()),
            "first": self.first,
            "last": self.last,
            "skipped": dict(self.skipped),
            "bad": dict(self.bad),
            "examples": [example._asdict() for example in self.examples],
            "notes": self.notes,
        }
