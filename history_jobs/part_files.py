"""A part's rows as a file for Personalize, and its report beside it: the same on Spark and in AWS Lambda.

Both are written as a whole, the report last. So a part that has both is done. It may be converted again at any time: it
gives the same files.
"""

import json
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from history_jobs.request import report_name, rows_name
from personalize_data.errors import BadFile
from personalize_data.exports.conversion import PartConversion
from personalize_data.exports.part import Part
from personalize_data.exports.report import UNREADABLE, Report
from personalize_data.exports.settings import Conversion


class Storage(Protocol):
    """Where files come from and go to. Names are below the output, of which ``place`` is the path or URL."""

    @property
    def place(self) -> str:
        """Return the output, for people."""
        ...

    def at_hand(self, part: Part) -> AbstractContextManager[tuple[Part, Path]]:
        """Return a part and where its file is on this machine; of one elsewhere, a copy. Raises BadFile."""
        ...

    def put(self, name: str, path: Path) -> None:
        """Write a file of this machine, as a whole or not at all."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Write a small file, as a whole or not at all."""
        ...

    def read(self, name: str) -> bytes:
        """Read a small file."""
        ...

    def has(self, name: str) -> bool:
        """Return whether there is such a file."""
        ...

    def has_any(self, folder: str) -> bool:
        """Return whether there is a file in such a folder."""
        ...


def convert(number: int, part: Part, conversion: Conversion, storage: Storage) -> Report:
    """Convert a part, unless that is done; return its report."""
    return done(number, storage) or _converted(number, part, conversion, storage)


def done(number: int, storage: Storage) -> Report | None:
    """Return the report of a part that is done; None where it is not, or could not be read: it may be there now."""
    if not (storage.has(report_name(number)) and storage.has(rows_name(number))):
        return None
    report = Report.from_json(json.loads(storage.read(report_name(number))))
    return None if report.bad[UNREADABLE] else report


def _converted(number: int, part: Part, conversion: Conversion, storage: Storage) -> Report:
    converted = PartConversion(part, conversion)
    with tempfile.TemporaryDirectory() as folder:
        rows, report = Path(folder) / "rows", Path(folder) / "report"
        with rows.open("w", encoding="utf-8", newline="") as out:
            out.write(f"{conversion.header}\n")
            try:
                with storage.at_hand(part) as (copied, path):
                    out.writelines(f"{row}\n" for row in converted.rows(path, part=copied))
            except BadFile as error:
                converted.refuse(error)
        report.write_text(json.dumps(converted.report().as_json()), encoding="utf-8")
        storage.put(rows_name(number), rows)
        storage.put(report_name(number), report)
    return converted.report()
