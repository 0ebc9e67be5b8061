"""The conversion of one part of an export: the same function on one machine, on Spark and in AWS Lambda."""

from collections.abc import Iterator
from pathlib import Path

from personalize_data.csv_lines import csv_line
from personalize_data.errors import BadFile
from personalize_data.exports import mparticle
from personalize_data.exports.part import Part, lines
from personalize_data.exports.report import UNREADABLE, Report, note_on
from personalize_data.exports.settings import Conversion
from personalize_data.files import Moved
from personalize_data.import_summary import RowCounts


class PartConversion:
    """The rows of one part, once, and then its report."""

    def __init__(self, part: Part, conversion: Conversion) -> None:
        self._part, self._conversion = part, conversion
        self._counts, self._lines = RowCounts(), 0
        self._notes: list[str] = []

    def rows(self, path: Path, moved: Moved | None = None, part: Part | None = None) -> Iterator[str]:
        """Yield each row as a line of a CSV, without its line end. What can't be read of a file is counted.

        ``path``: where the file is here; ``moved`` gets the bytes read of it so far; ``part``: of a copy of the file,
        where that holds less than all.
        """
        numbered = self._numbered(lines(part or self._part, path, moved))
        try:
            for row in mparticle.rows(self._part.name, numbered, self._conversion, self._counts):
                yield csv_line(row)
        except BadFile as error:
            self.refuse(error)

    def refuse(self, error: BadFile) -> None:
        """Count the file as one that can't be read, or not further than to here."""
        line = error.line or (self._lines + 1 if self._lines else 0)
        self._counts.refuse(self._part.name, line, UNREADABLE)
        self._notes.append(note_on(BadFile(self._part.name, error.reason, line)))

    def report(self) -> Report:
        """Return what the rows came to."""
        return Report.from_counts(self._counts, self._lines, self._notes, self._conversion.kept_users)

    def _numbered(self, numbered: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        for number, line in numbered:
            self._lines = number
            yield number, line
