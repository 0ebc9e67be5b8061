"""What a place has made of the exports, in a form that can be compared, and what it took."""

import hashlib
import io
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

EXACT = ("rows", "first", "last", "skipped", "bad", "examples")
USERS = ("users", "users_with_two")
ESTIMATED = "users: estimated"  # how the note on it begins
HINT = "not_a_batch: "  # and that on a file which may be a table, which only this machine looks into
TOLERANCE = 0.04  # of an estimated number of users, four times its standard deviation


@dataclass(frozen=True)
class Outcome:
    """``digest``: SHA-256 of the sorted rows; ``report``: as JSON, with the files' names alone."""

    digest: str
    report: Mapping[str, Any]

    def differences(self, other: Self) -> list[str]:
        """Return in what another outcome differs: ``rows`` for their bytes, else the names in the report."""
        return [
            *(["bytes of rows"] if self.digest != other.digest else []),
            *(name for name in EXACT if self.report[name] != other.report[name]),
            *(name for name in USERS if not _about(self.report[name], other.report[name], other.is_estimated)),
            *(["notes"] if self._own_notes() != other._own_notes() else []),
        ]

    @property
    def is_estimated(self) -> bool:
        """Return whether the number of users is an estimate."""
        return any(note.startswith(ESTIMATED) for note in self.report["notes"])

    def _own_notes(self) -> list[str]:
        return [note for note in self.report["notes"] if not note.startswith((ESTIMATED, HINT))]


def outcome(tables: Iterable[bytes], summary: Mapping[str, Any], place: str) -> Outcome:
    """Return the outcome of CSVs, each with a header. ``place``: what names of files in the summary begin with."""
    headers, rows = set(), list[bytes]()
    for table in tables:
        header, *others = _rows(table)
        headers.add(header)
        rows += others
    if len(headers) != 1:
        raise ValueError(f"{len(headers)} different headers")
    rows.sort()
    digest = hashlib.sha256(b"".join((*headers, *rows))).hexdigest()
    files = [example | {"file": example["file"].removeprefix(place)} for example in summary["examples"]]
    notes = [note.replace(place, "") if place else note for note in summary["notes"]]
    if len(rows) != summary["rows"]:
        raise ValueError(f"{len(rows)} rows, and the report says {summary['rows']}")
    return Outcome(digest, {**summary, "examples": files, "notes": notes})


def _rows(table: bytes) -> Iterator[bytes]:
    """Yield the rows of a CSV; a line end within quotes ends none."""
    row = b""
    for line in io.BytesIO(table):
        row += line
        if row.count(b'"') % 2 == 0:
            yield row
            row = b""
    if row:
        yield row


def _about(exact: int, other: int, is_estimated: bool) -> bool:
    return abs(exact - other) <= (TOLERANCE * exact if is_estimated else 0)


class Run(NamedTuple):
    """One conversion: where, its outcome, what it took, and how it was interrupted.

    ``processor_seconds``: of the processes that ended meanwhile, without those that were killed.
    """

    place: str
    outcome: Outcome
    seconds: float
    processor_seconds: float
    note: str = ""


def timed(place: str, convert: Callable[[], Outcome], note: str = "") -> Run:
    """Convert, and return the run."""
    began, used = time.monotonic(), _used()
    result = convert()
    return Run(place, result, time.monotonic() - began, _used() - used, note)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
