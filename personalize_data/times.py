"""Times of a table: numbers since 1970, a spreadsheet's day numbers, or ISO 8601. One unit a column, never guessed.

The unit of a column that states none is that of its first time, if that is seconds, milliseconds or ISO 8601. Other
units are named, and read where they are stated: in those, a wrong column might look like times, too.
"""

import re
from datetime import UTC, datetime

from broker.values.ids import is_rounded
from broker.values.times import DAY, YEAR_2000, Unit, seconds, unit_of

from personalize_data.schema import BadValue

ISO = "iso"
UNITS = (*(unit.value for unit in Unit), ISO)
OBVIOUS = (Unit.SECONDS, Unit.MILLISECONDS)
_NUMBER = re.compile(r"([0-9]{1,19})(\.[0-9]*)?")
_YEAR_FIRST = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class OtherUnit(BadValue):
    """A number that is a time in a ``unit`` that is read only where it is stated."""

    def __init__(self, unit: Unit) -> None:
        super().__init__("no_usable_time")
        self.unit = unit


def label(unit: str) -> str:
    """Return the name of a unit in messages."""
    return "ISO 8601" if unit == ISO else Unit(unit).label


def unread(column: str, text: str, unit: Unit) -> str:
    """Return what is said of a time in a unit that is not read as it stands."""
    return f"{column} {text} is in {unit.label}: --time-unit {unit} reads such times"


def hint(text: str) -> str:
    """Return an addition to the message about a text that is no usable time: what it may be, and which option reads it.

    Empty where nothing is known about it.
    """
    if is_rounded(text):
        return ": a spreadsheet has rounded it; keep the column as text there, and export it again"
    number = _NUMBER.fullmatch(text.strip())
    if not number:
        return ""
    unit = unit_of(float(number[0]))
    if unit is None and len(number[1]) in (8, 9):
        return ": --time-unit s takes it for seconds before 2000"
    return f": it may be {unit.label}, which --time-unit {unit} reads" if unit else ""


class Times:
    """A reader of one column's times, as whole epoch seconds.

    Without a stated unit the first time that can mean one thing only decides: digits that are a date between 2000 and
    tomorrow as seconds, or as milliseconds (no number is both), or text of ISO 8601. ISO times without a zone are UTC.

    ``oldest`` and ``newest``: the epoch seconds between which a time can be.
    """

    def __init__(self, unit: str | None, now: float) -> None:
        self.unit = unit
        self.without_zone = 0
        self.unusable: str | None = None  # the first text that is no usable time
        self._stated = unit is not None
        self._last: tuple[str, int, int] = ("", 0, 0)
        self.oldest, self.newest = (0 if self._stated else YEAR_2000), int(now) + DAY

    def read(self, text: str) -> int:
        """Return epoch seconds, rounded down as in the stream.

        Raises BadValue for no time, or one in another unit than the column's, and OtherUnit where the column has none.
        """
        if self.unit == "s" and len(text) == 10 and text.isascii() and text.isdecimal():  # most are
            epoch_seconds = int(text)
            if YEAR_2000 <= epoch_seconds <= self.newest:
                return epoch_seconds
        last, epoch_seconds, without_zone = self._last
        if text == last and text:  # in most tables many neighbours have the same
            self.without_zone += without_zone
            return epoch_seconds
        before = self.without_zone
        try:
            epoch_seconds = self._read(text)
        except BadValue:
            self.unusable = self.unusable or text
            raise
        self._last = text, epoch_seconds, self.without_zone - before
        return epoch_seconds

    def _read(self, text: str) -> int:
        unit, epoch_seconds = self._parse(text.strip())
        if self.unit is None:
            self.unit = unit
        if unit != self.unit:
            raise BadValue("other_time_unit")
        if not self.oldest <= epoch_seconds <= self.newest:
            raise BadValue("no_usable_time")
        return epoch_seconds

    def _parse(self, text: str) -> tuple[str, int]:
        number = _NUMBER.fullmatch(text)
        if not number:
            return ISO, self._iso(text)
        if self._stated and self.unit is not None and self.unit != ISO:
            unit = Unit(self.unit)
            return unit, seconds(float(text) if unit is Unit.EXCEL_DAYS else int(number[1]), unit)
        return self._obvious(int(number[1]), text)

    def _obvious(self, number: int, text: str) -> tuple[str, int]:
        if YEAR_2000 <= number <= self.newest:
            return "s", number
        if YEAR_2000 * 1000 <= number <= self.newest * 1000:
            return "ms", number // 1000
        unit = unit_of(float(text) if number < YEAR_2000 else number)
        if self.unit is None and unit is not None and unit not in OBVIOUS:
            raise OtherUnit(unit)
        raise BadValue("no_usable_time")

    def _iso(self, text: str) -> int:
        # A year first, or Python would take 20101201 and week dates, too.
        if not _YEAR_FIRST.match(text):
            raise BadValue("no_usable_time")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadValue("no_usable_time") from None
        if moment.tzinfo is None:
            self.without_zone += 1
            moment = moment.replace(tzinfo=UTC)
        return int(moment.timestamp() // 1)
