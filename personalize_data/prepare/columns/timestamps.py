"""A column of times as whole epoch seconds, by the rules of `backfill`: one unit per column."""

import contextlib
import re
import time
from datetime import UTC, datetime

import polars as pl
from broker.values.times import DAY, YEAR_2000, ZONES, Unit, unit_of
from broker.values.times import seconds as epoch_seconds

from personalize_data.errors import BadFile, InvalidRequest
from personalize_data.prepare.columns import quick_times
from personalize_data.prepare.source import ROW, Source, chunks
from personalize_data.schema import BadValue
from personalize_data.times import Times

ROWS = 500_000  # at a time
YEAR_1971 = 31_536_000  # numbers below are hardly times
NO_TIME = "is no time that can be used: seconds or milliseconds since 1970 (from 2000 until tomorrow), or ISO 8601"
OTHER_FORMS = "; --time-format says how others are written, as in %d/%m/%Y %H:%M"
OTHER_UNIT = "is in another unit than the times before it: one column, one unit"
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_NUMBER = re.compile(r"[0-9]{1,19}(\.[0-9]*)?")
_COMPACT = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-9]{6})?")


def check_form(form: str | None) -> None:
    """Raise InvalidRequest for a form that has no date in it."""
    if form is not None and "%" not in form:
        raise InvalidRequest(f"--time-format {form}: formats look like %d.%m.%Y or %d/%m/%Y %H:%M")


def seconds(
    source: Source,
    frame: pl.DataFrame,
    column: str,
    times: Times,
    form: str | None = None,
    *,
    has_forms: bool = True,
) -> pl.Series:
    """Return a column of text as epoch seconds. ``form``: strptime's, for times in no unit that is known here.

    2016-05 is the first of May. Raises BadFile with the line of the first that is no time or in another unit.
    ``has_forms``: the command has --time-format, which the error may name.
    """
    if form is not None:
        return _by_form(source, frame, column, form, times)
    quick = quick_times.seconds(frame[column], times)
    if quick is not None:
        return quick.alias(column)
    # By distinct text: many rows have the same time.
    parts = [_read(source, part, times, has_forms) for part in _parts(frame, column)]
    return pl.concat(parts).alias(column) if parts else pl.Series(column, [], dtype=pl.Int64)


def _parts(frame: pl.DataFrame, column: str) -> list[pl.DataFrame]:
    rows = zip(chunks(frame[ROW], ROWS), chunks(frame[column], ROWS), strict=True)
    return [pl.DataFrame({"row": row, "text": text}) for row, text in rows]


def _read(source: Source, part: pl.DataFrame, times: Times, has_forms: bool) -> pl.Series:
    distinct = part.group_by("text", maintain_order=True).agg(pl.col("row").first())
    times_ = []
    for text, row in distinct.iter_rows():
        try:
            times_.append(times.read(f"{text}-01" if len(text) == 7 and _MONTH.fullmatch(text) else text))
        except BadValue as error:
            why = OTHER_UNIT if str(error) == "other_time_unit" else _why(text, has_forms)
            raise _bad(source, row, text, why) from None
    read = pl.DataFrame({"text": distinct["text"], "seconds": times_}, schema_overrides={"seconds": pl.Int64})
    return part.join(read, on="text", how="left", maintain_order="left")["seconds"]


def _why(text: str, has_forms: bool) -> str:
    """Return why a text is no time, with the option that reads it, if there is one."""
    no_time = NO_TIME + (OTHER_FORMS if has_forms else "")
    if compact := _COMPACT.fullmatch(text):
        reads = f"--time-format %Y%m%d{'%H%M%S' if compact[4] else ''} reads it"
        return f"looks like a date in digits: {reads if has_forms else f'write {text[:4]}-{text[4:6]}-{text[6:8]}'}"
    if not _NUMBER.fullmatch(text):
        return "is before 2000: --time-unit iso takes it as it is" if re.match("19[789][0-9]-", text) else no_time
    number = float(text) if "." in text else int(text)
    unit = unit_of(number)
    if unit:
        moment = epoch_seconds(number, unit)
        ways = ", which is in the future" if moment > time.time() + DAY else f": --time-unit {unit} reads it"
        return f"is {_date(moment)} in {unit.label}{ways}"
    if YEAR_1971 <= number < YEAR_2000:
        return f"is {_date(int(number))} in {Unit.SECONDS.label}, before 2000: --time-unit s reads it"
    return no_time


def _date(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"


def _by_form(source: Source, frame: pl.DataFrame, column: str, form: str, times: Times) -> pl.Series:
    text = frame[column]
    read = _first_that_fits(text, _in_zones(form))
    bad = read.is_null().arg_true()
    if len(bad):
        place = int(bad[0])
        raise _bad(source, int(frame[ROW][place]), str(text[place]), _no_fit(text[place : place + 1], form))
    _in_range(source, frame, read, text, times)
    return read.alias(column)


def _in_zones(form: str) -> list[str]:
    """Return the form once for each name that %Z may stand for; polars reads any name as UTC."""
    parts = [part.split("%Z") for part in form.split("%%")]  # %%Z is a percent sign before a Z
    return list(dict.fromkeys("%%".join(zone.join(part) for part in parts) for zone in ZONES))


def _first_that_fits(text: pl.Series, forms: list[str]) -> pl.Series:
    read = _strptime(text, forms[0])
    for form in forms[1:]:
        if read.null_count():
            read = read.zip_with(read.is_not_null(), _strptime(text, form))
    return read


def _strptime(text: pl.Series, form: str) -> pl.Series:
    read = None
    with contextlib.suppress(pl.exceptions.PolarsError):
        read = text.str.to_datetime(form, strict=False, time_unit="ms", time_zone="UTC").dt.epoch("s")
    if read is None or read.null_count() == len(read):  # a form without hours is one of dates
        read = text.str.to_date(form, strict=False).cast(pl.Datetime("ms")).dt.epoch("s")
    return read


def _no_fit(text: pl.Series, form: str) -> str:
    if len(_in_zones(form)) > 1 and not _strptime(text, form).null_count():
        return f"names a zone that may be several: of names, %Z reads {' and '.join(ZONES[:2])}; %z reads +01:00"
    return f"is not written as {form}"


def _in_range(source: Source, frame: pl.DataFrame, read: pl.Series, text: pl.Series, times: Times) -> None:
    """Raise BadFile for the earliest or latest, if it is out of bounds: %Y takes the 24 of 31/12/24 for a year."""
    days = pl.from_epoch(read, "s").dt.strftime("%Y-%m-%d")
    for place in (read.arg_min(), read.arg_max()):
        if place is not None:
            try:
                times.read(days[place])
            except BadValue:
                reason = f"is {days[place]} by that form, which is not between 1970 and tomorrow"
                raise _bad(source, int(frame[ROW][place]), text[place], reason) from None


def _bad(source: Source, row: int, text: str, reason: str) -> BadFile:
    return source.bad(row, f"the time {text!r} {reason}")
