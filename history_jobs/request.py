"""What a job is asked: which parts of which files to convert, how, and where the rows go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from personalize_data.exports.part import Part
from personalize_data.exports.settings import Conversion

ROWS, REPORTS = "rows", "reports"


@dataclass(frozen=True)
class Request:
    """``out``: a folder, as a path that all machines share or an S3 URL; below it come ROWS and REPORTS.

    ``identity``: see ``start.identity``.
    """

    parts: Sequence[Part]
    conversion: Conversion
    out: str
    identity: str

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object. It holds the key of the suppression list, if there is one."""
        parts = [part.as_json() for part in self.parts]
        conversion = self.conversion.as_json()
        return {"parts": parts, "conversion": conversion, "out": self.out, "identity": self.identity}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return what ``as_json`` has written."""
        parts = [Part(**part) for part in document["parts"]]
        return cls(parts, Conversion.from_json(document["conversion"]), document["out"], document["identity"])


def report_name(number: int) -> str:
    """Return the name of a part's report below ``out``."""
    return f"{REPORTS}/part-{number:06}.json"


def rows_name(number: int) -> str:
    """Return the name of the file with a part's rows below ``out``."""
    return f"{ROWS}/part-{number:06}.csv"
