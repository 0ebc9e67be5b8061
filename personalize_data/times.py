"""Times of a table: epoch seconds, epoch milliseconds or ISO 8601. One unit a column; nothing is guessed."""

import re
from datetime import UTC, datetime

from personalize_data.schema import BadValue

YEAR_2000 = 946_684_800
DAY = 86_400
UNITS = ("s", "ms", "iso")
_NUMBER = re.compile(r"([0-9]{1,16})(\.[0-9]*)?")


class Times:
    """A reader of one column's times, as whole epoch seconds.

    Without a stated unit the first time that can mean one thing only decides: digits that are a date between 2000 and
    tomorrow as seconds, or as milliseconds (no number is both), or text of ISO 8601. ISO times without a zone are UTC.
    """

    def __init__(self, unit: str | None, now: float) -> None:
        self.unit = unit
        self.without_zone = 0
        self._stated = unit is not None
        self._last: tuple[str, int, int] = ("", 0, 0)
        self._newest = int(now) + DAY

    def read(self, text: str) -> int:
        """Return epoch seconds, rounded down as in the stream. Raises BadValue for no time, or one in another unit."""
        last, seconds, without_zone = self._last
        if text == last and text:  # in most tables many neighbours have the same
            self.without_zone += without_zone
            return seconds
        before = self.without_zone
        seconds = self._read(text)
        self._last = text, seconds, self.without_zone - before
        return seconds

    def _read(self, text: str) -> int:
        unit, seconds = self._parse(text.strip())
        if self.unit is None:
            self.unit = unit
        if unit != self.unit:
            raise BadValue("other_time_unit")
        if not (0 if self._stated else YEAR_2000) <= seconds <= self._newest:
            raise BadValue("no_usable_time")
        return seconds

    def _parse(self, text: str) -> tuple[str, int]:
        number = _NUMBER.fullmatch(text)
        if not number:
            return "iso", self._iso(text)
        whole = int(number[1])
        unit = self.unit if self._stated and self.unit != "iso" else self._obvious(whole)
        return str(unit), whole // 1000 if unit == "ms" else whole

    def _obvious(self, number: int) -> str:
        if YEAR_2000 <= number <= self._newest:
            return "s"
        if YEAR_2000 * 1000 <= number <= self._newest * 1000:
            return "ms"
        raise BadValue("no_usable_time")

    def _iso(self, text: str) -> int:
        # A year first, or Python would take 20101201 and week dates, too.
        if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise BadValue("no_usable_time")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise BadValue("no_usable_time") from None
        if moment.tzinfo is None:
            self.without_zone += 1
            moment = moment.replace(tzinfo=UTC)
        return int(moment.timestamp() // 1)
