"""In which unit a number is a time: seconds, milliseconds, microseconds, nanoseconds, or a spreadsheet's days."""

import re
from datetime import UTC, datetime
from enum import StrEnum

YEAR_2000 = 946_684_800  # epoch seconds
YEAR_2100 = 4_102_444_800
DAY = 86_400
EXCEL_EPOCH_DAYS = 25_569  # days from 1899-12-30, day 0 of Excel, Sheets and LibreOffice Calc, to 1970
ZONES = ("UTC", "GMT", "Z")  # all that a zone's name can mean without doubt: CST is three zones


class Unit(StrEnum):
    """The unit of a number that is a time. The values are those of ``--time-unit``."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"
    EXCEL_DAYS = "excel"

    @property
    def label(self) -> str:
        """Return its name in messages."""
        return _LABELS[self]


_LABELS = {
    Unit.SECONDS: "seconds since 1970",
    Unit.MILLISECONDS: "milliseconds since 1970",
    Unit.MICROSECONDS: "microseconds since 1970",
    Unit.NANOSECONDS: "nanoseconds since 1970",
    Unit.EXCEL_DAYS: "Excel's day numbers",
}
PER_SECOND = {Unit.SECONDS: 1, Unit.MILLISECONDS: 10**3, Unit.MICROSECONDS: 10**6, Unit.NANOSECONDS: 10**9}


def seconds(number: float, unit: Unit) -> int:
    """Return a time in whole epoch seconds, rounded down. Exact for whole numbers of any size.

    Excel's days are rounded to whole seconds: their fraction is not exact to one.
    """
    if unit is Unit.EXCEL_DAYS:
        return round((number - EXCEL_EPOCH_DAYS) * DAY)
    return int(number // PER_SECOND[unit])


def unit_of(number: float) -> Unit | None:
    """Return the unit in which a number is a date from 2000 until 2100, which is one alone; None if there is none."""
    return next((unit for unit in Unit if YEAR_2000 <= seconds(number, unit) < YEAR_2100), None)


_NUMBER_TYPES = (int, float)
_NUMBER = re.compile(r"\s*[0-9]{1,19}(?:\.[0-9]{1,9})?\s*")


def number_from_json(value: object) -> float | None:
    """Return a JSON number, or a text with one, that may be a time; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    is_number = isinstance(value, _NUMBER_TYPES) and not isinstance(value, bool) and abs(value) < 2**63
    return value if is_number else None  # type: ignore[return-value]


def milliseconds_from_json(value: object) -> int | None:
    """Return the epoch milliseconds of a JSON time in milliseconds or seconds; None for anything else.

    No number is a date from 2000 until 2100 in both. Microseconds, nanoseconds and day numbers are not read, as they
    are not in tables.
    """
    if type(value) is str and len(value) == 13 and value.isascii() and value.isdigit():  # most, so it should be quick
        value = int(value)
    number = value if type(value) is int else number_from_json(value)
    if number is None:
        return None
    if YEAR_2000 * 1000 <= number < YEAR_2100 * 1000:
        return int(number)
    return round(number * 1000) if YEAR_2000 <= number < YEAR_2100 else None


def day(epoch_seconds: int) -> str:
    """Return a date, such as 2010-12-01, in UTC."""
    return f"{datetime.fromtimestamp(epoch_seconds, UTC):%Y-%m-%d}"
