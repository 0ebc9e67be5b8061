"""Parts converted by this process, one after the other."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from personalize_data.exports.conversion import PartConversion
from personalize_data.exports.part import Part
from personalize_data.exports.report import Report
from personalize_data.exports.settings import Conversion
from personalize_data.files import Moved


def converted(
    parts: Sequence[Part], conversion: Conversion, out: TextIO, moved: Moved
) -> Iterator[tuple[Part, Report]]:
    """Write the rows of all parts in their order; yield each part's report. ``moved`` gets how many bytes are read."""
    before = 0
    for part in parts:
        converted = PartConversion(part, conversion)
        path = Path(part.location)
        rows = converted.rows(path, partial(_moved, moved, before - part.begin))
        out.writelines(f"{row}\n" for row in rows)
        before += (path.stat().st_size if part.end is None else part.end) - part.begin
        yield part, converted.report()


def _moved(moved: Moved, before: int, read: int) -> None:
    moved(before + read)
