"""A column with the time of day, beside one with the date, as seconds since midnight."""

import polars as pl
from broker.values.times import DAY, PER_SECOND, Unit

from personalize_data.prepare.source import ROW, Source

_CLOCK = r"^([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?$"
_NUMBER = r"^[0-9]{1,15}(?:\.[0-9]*)?$"


def added(
    source: Source, table: pl.DataFrame, dates: pl.Series, columns: tuple[str, str], unit: str | None
) -> pl.Series:
    """Return epoch seconds with the time of day. ``dates``: epoch seconds of midnight; ``columns``: date and time.

    Without a ``unit``, s or ms, the time is read as 08:26 or 08:26:30. Raises BadFile for a date that has a time of
    its own, and for what is no time of day.
    """
    date, time = columns
    late = (dates % DAY != 0).arg_true()
    if len(late):
        reason = f"the time {table[date][int(late[0])]!r} has a time of day already: leave --time-of-day out"
        raise source.bad(int(table[ROW][int(late[0])]), reason)
    seconds = _of_clock(table[time]) if unit is None else _of_number(table[time], Unit(unit))
    bad = (~(seconds < DAY).fill_null(False)).arg_true()
    if len(bad):
        text = table[time][int(bad[0])]
        raise source.bad(
            int(table[ROW][int(bad[0])]), f"{time} is {text!r}, which is no time of day: {_ways(text, unit)}"
        )
    return dates + seconds


def _of_clock(text: pl.Series) -> pl.Series:
    hours, minutes, seconds = (text.str.extract(_CLOCK, place).cast(pl.Int64) for place in (1, 2, 3))
    total = hours * 3600 + minutes * 60 + seconds.fill_null(0)
    good = (minutes < 60) & (seconds.fill_null(0) < 60)
    return total.to_frame("total").select(pl.when(good).then(pl.col("total"))).to_series()


def _of_number(text: pl.Series, unit: Unit) -> pl.Series:
    whole = text.str.extract(_NUMBER, 0).str.extract(r"^([0-9]+)").cast(pl.Int64)
    return whole // PER_SECOND[unit]


def _ways(text: str, unit: str | None) -> str:
    if unit is not None:
        return f"{Unit(unit).label.partition(' ')[0]} since midnight are below {DAY * PER_SECOND[Unit(unit)]:,}"
    return "write 08:26 or 08:26:30, or give --time-of-day-unit s or ms for numbers since midnight"
