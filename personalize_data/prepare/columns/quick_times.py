"""Whole columns of times read at once, where all are written alike; elsewhere ``Times`` decides, one by one.

Read are seconds or milliseconds since 1970 of the usual length, and ISO 8601 to the second or finer, in UTC or without
a zone. Each is read as ``Times`` reads it.
"""

import polars as pl
from broker.values.times import PER_SECOND, Unit

from personalize_data.times import ISO, Times

_DIGITS = {10: Unit.SECONDS, 13: Unit.MILLISECONDS}  # all such numbers without a leading zero are after 2000
_TO_THE_SECOND = 19  # characters
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_REST = r"(?:\.[0-9]{1,9})?(?:Z|\+00:00)?"
# By what stands between day and time: the pattern of all, and the form of the first 19 characters.
_FORMS = {mark: (f"^{_DAY}{mark}{_CLOCK}{_REST}$", f"%Y-%m-%d{mark}%H:%M:%S") for mark in " T"}


def seconds(text: pl.Series, times: Times) -> pl.Series | None:
    """Return a column of text as epoch seconds; None where not all of it is sure to be read here."""
    if text.is_empty() or text.null_count():
        return None
    read = _of_digits(text, times) if text[0].isdecimal() else _of_iso(text, times)
    if read is None:
        return None
    unit, epoch_seconds = read
    times.unit = unit
    return epoch_seconds


def _of_digits(text: pl.Series, times: Times) -> tuple[str, pl.Series] | None:
    length, unit = len(text[0]), _DIGITS.get(len(text[0]))
    if unit is None or times.unit not in (None, unit) or not _all_of(text, length):
        return None
    numbers = text.cast(pl.Int64, strict=False)
    if numbers.null_count() or not _within(numbers, 10 ** (length - 1), times.newest * PER_SECOND[unit]):
        return None
    return unit, numbers if unit is Unit.SECONDS else numbers // PER_SECOND[unit]


def _of_iso(text: pl.Series, times: Times) -> tuple[str, pl.Series] | None:
    pattern, form = _FORMS.get(text[0][10:11], ("", ""))
    if not pattern or times.unit not in (None, ISO) or not text.str.contains(pattern).all():
        return None
    to_the_second = text if _all_of(text, _TO_THE_SECOND) else text.str.slice(0, _TO_THE_SECOND)
    moments = to_the_second.str.to_datetime(form, strict=False, time_unit="ms").dt.epoch("s")
    if moments.null_count() or not _within(moments, times.oldest, times.newest):
        return None
    return ISO, moments


def _all_of(text: pl.Series, length: int) -> bool:
    lengths = text.str.len_bytes()
    return lengths.min() == length == lengths.max()


def _within(numbers: pl.Series, least: int, most: int) -> bool:
    return bool(((numbers >= least) & (numbers <= most)).all())
