"""The functions' processor time per record, from the table that ``make bench`` writes."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

from infra.paths import ROOT

PAGE = ROOT / "docs" / "performance.md"
SECTION = "## Processor time per record"
NOW, BEFORE = "the broker", "the broker at f91af5b"
# Users act once in some 20 s, so an invocation seldom has two events of one user (docs/capacity.md).
USUAL = "one event per user"


class NoMeasurement(ValueError):
    """The page of measurements lacks the table, or a number of it."""


def milliseconds(column: str = NOW, page: Path = PAGE) -> dict[str, Decimal]:
    """Return the median of user and system time per record of both functions, in ms by workload. Raises NoMeasurement.

    ``column``: whose time, as the table's header calls it.
    """
    rows = _rows(page)
    try:
        place = rows[0].index(column)
        return {row[0]: Decimal(row[place].split()[0]) for row in rows[2:]}
    except (IndexError, ValueError, InvalidOperation):
        raise NoMeasurement(f"{page} has no table of {column} under {SECTION!r}: make bench writes it") from None


def _rows(page: Path) -> list[list[str]]:
    _, _, section = page.read_text("utf-8").partition(f"\n{SECTION}")
    lines = section.partition("\n## ")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
