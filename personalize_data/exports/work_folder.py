"""The folder where parts of exports are kept as they are converted, so that a conversion that was stopped goes on.

A part has a file of rows and a report, which is written last: a report that is there says that the rows are whole.
"""

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from personalize_data.errors import BadFile
from personalize_data.exports.conversion import PartConversion
from personalize_data.exports.part import Part
from personalize_data.exports.report import Report
from personalize_data.exports.settings import Conversion
from personalize_data.files import Moved

STATE = "conversion.json"
OF_ANOTHER = "it holds another conversion: name another folder, or remove it"


@dataclass(frozen=True)
class WorkFolder:
    """A folder for one conversion; parts are known by their numbers."""

    folder: Path

    def started(self, identity: str, now: float) -> float:
        """Return when the conversion of this identity began (epoch seconds): now, or earlier if it was stopped.

        Raises BadFile where the folder belongs to another one.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = self.folder / STATE
        if state.exists():
            known = json.loads(state.read_bytes())
            if known["identity"] == identity:
                return float(known["now"])
            raise BadFile(self.folder, OF_ANOTHER)
        if any(self.folder.iterdir()):
            raise BadFile(self.folder, "it is not empty: name another folder")
        _write(state, json.dumps({"identity": identity, "now": now}))
        return now

    def rows(self, number: int) -> Path:
        """Return the file of a part's rows, without a header."""
        return self.folder / f"part-{number:06}.csv"

    def report(self, number: int) -> Report | None:
        """Return the report of a part; None while it is not converted."""
        try:
            return Report.from_json(json.loads(self._report(number).read_bytes()))
        except FileNotFoundError:
            return None

    def is_done(self, number: int) -> bool:
        """Return whether a part is converted."""
        return self._report(number).exists()

    def convert(
        self, number: int, part: Part, conversion: Conversion, moved: Moved, at_hand: tuple[Part, Path]
    ) -> None:
        """Convert a part. ``at_hand``: see AtHand."""
        copied, path = at_hand
        converted = PartConversion(part, conversion)
        self._store(number, converted.rows(path, moved, copied), converted)

    def refuse(self, number: int, part: Part, conversion: Conversion, error: BadFile) -> None:
        """Count a part that can't be had."""
        converted = PartConversion(part, conversion)
        converted.refuse(error)
        self._store(number, (), converted)

    def _store(self, number: int, rows: Iterable[str], converted: PartConversion) -> None:
        name = _beside(self.rows(number))
        with name.open("w", encoding="utf-8", newline="") as out:
            out.writelines(f"{row}\n" for row in rows)
        name.replace(self.rows(number))
        _write(self._report(number), json.dumps(converted.report().as_json()))

    def _report(self, number: int) -> Path:
        return self.folder / f"part-{number:06}.json"


def default_folder(identity: str) -> Path:
    """Return the folder of a conversion where none is named: one for each user of the machine, below TMPDIR."""
    return Path(tempfile.gettempdir()) / f"personalize-broker-{os.getuid()}" / f"backfill-{identity}"


def _write(path: Path, text: str) -> None:
    whole = _beside(path)
    whole.write_text(text, encoding="utf-8")
    whole.replace(path)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}")
