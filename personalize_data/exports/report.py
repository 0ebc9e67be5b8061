"""What the conversion of parts came to, added up: the same numbers, wherever the parts were converted."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from personalize_data.errors import BadFile
from personalize_data.exports.part import Part
from personalize_data.exports.users import KEPT, UserCounts
from personalize_data.import_summary import SHOWN, Example, ImportSummary, RowCounts

UNREADABLE = "unreadable_file"


@dataclass
class Report:
    """Of one part, or of several in their order. ``lines``: of the newest file; ``notes``: on files that can't be read.

    The others are those of ImportSummary.
    """

    rows: int = 0
    lines: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    users: UserCounts = field(default_factory=UserCounts)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def from_counts(cls, counts: RowCounts, lines: int, notes: list[str], kept: int = KEPT) -> Self:
        """Return the report of one part. ``kept``: see UserCounts."""
        users = UserCounts(kept)
        users.add_users(counts.users)
        counts.users.clear()  # there may be as many as fit into memory once
        return cls(
            counts.rows, lines, counts.skipped, counts.bad, counts.examples, counts.first, counts.last, users, notes
        )

    def add(self, part: Part, other: "Report") -> None:
        """Add the report of a part. Those of a file have to come one after the other."""
        before = self.lines if part.continues else 0
        self.rows += other.rows
        self.skipped += other.skipped
        self.bad += other.bad
        examples = (example._replace(line=example.line + before) for example in other.examples)
        self.examples = [*self.examples, *examples][:SHOWN]
        times = [time for time in (self.first, self.last, other.first, other.last) if time is not None]
        self.first, self.last = min(times, default=None), max(times, default=None)
        self.users.add(other.users)
        self.notes = [*self.notes, *other.notes][:SHOWN]
        self.lines = before + other.lines

    def refuse(self, error: BadFile) -> None:
        """Count a file that can't be read, or not further than to a line."""
        self.bad[UNREADABLE] += 1
        self.examples = [*self.examples, Example(str(error.path), error.line or 0, UNREADABLE)][:SHOWN]
        self.notes = [*self.notes, note_on(error)][:SHOWN]

    def summary(self, dataset: str, **others: Any) -> ImportSummary:
        """Return the summary of an import. ``others``: its fields that are not counted here."""
        return ImportSummary(
            dataset,
            self.rows,
            users=self.users.users,
            users_with_two=self.users.users_with_two,
            first=self.first,
            last=self.last,
            skipped=dict(self.skipped),
            bad=dict(self.bad),
            examples=self.examples,
            **others,
        )

    def all_notes(self) -> list[str]:
        """Return the notes for the summary."""
        if self.users.is_exact:
            return self.notes
        return [*self.notes, f"users: estimated from a sample of {self.users.kept:,} at most, within about 1%"]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object; of users it has hashes alone."""
        return {**vars(self), "users": self.users.as_json(), "examples": [list(example) for example in self.examples]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the report that ``as_json`` has written."""
        return cls(
            **{
                **document,
                "skipped": Counter(document["skipped"]),
                "bad": Counter(document["bad"]),
                "examples": [Example(*example) for example in document["examples"]],
                "users": UserCounts.from_json(document["users"]),
            }
        )


def note_on(error: BadFile) -> str:
    """Return the note on a file that can't be read."""
    return f"{UNREADABLE}: {error}"
