"""What an import came to: rows, what was left out and why, what could not be read and where."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple, Self

SHOWN = 10
LATER = ("bytes", "job", "mode", "state")  # what a conversion alone does not know


class Example(NamedTuple):
    """A row or a record that can't be read: its file, its line, and the reason code."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class ImportSummary:
    """One import, without any id of a user. ``first`` and ``last``: epoch seconds.

    ``skipped``: rows left out by the broker's rules, by reason; ``bad``: rows that can't be read, by reason;
    ``examples``: the first of these. ``bytes``: of the CSV; ``job`` and ``mode``: of the import job; ``state``: what
    was done.
    """

    dataset: str
    rows: int
    files: Sequence[str] = field(default_factory=list)
    users: int = 0
    users_with_two: int = 0
    first: int | None = None
    last: int | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)
    bad: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[Example] = field(default_factory=list)
    notes: Sequence[str] = field(default_factory=list)
    consent: Mapping[str, Any] = field(default_factory=dict)
    schema: str = ""
    bytes: int | None = None
    job: str | None = None
    mode: str | None = None
    state: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, without what is not known yet."""
        document = asdict(self) | {"examples": [example._asdict() for example in self.examples]}
        return {name: value for name, value in document.items() if value is not None or name not in LATER}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the summary that ``as_json`` has written, by this version or another one."""
        known = {entry.name: document[entry.name] for entry in fields(cls) if entry.name in document}
        known["examples"] = [Example(**example) for example in document.get("examples", ())]
        return cls(**known)


@dataclass
class RowCounts:
    """What a conversion counts on its way. ``users``: rows by user; see ImportSummary for the others."""

    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
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
            if self.first is None or seconds < self.first:
                self.first = seconds
            if self.last is None or seconds > self.last:
                self.last = seconds

    def keep_all(self, user: str, times: Sequence[int]) -> None:
        """Count rows of a user, one for each time (epoch seconds)."""
        self.rows += len(times)
        self.users[user] += len(times)
        self.first = min(times if self.first is None else (self.first, *times))
        self.last = max(times if self.last is None else (self.last, *times))

    def summary(self, dataset: str, **others: Any) -> ImportSummary:
        """Return the summary of an import. ``others``: its fields that are not counted here."""
        return ImportSummary(
            dataset,
            self.rows,
            users=len(self.users),
            users_with_two=sum(number > 1 for number in self.users.values()),
            first=self.first,
            last=self.last,
            skipped=dict(self.skipped),
            bad=dict(self.bad),
            examples=self.examples,
            **others,
        )
