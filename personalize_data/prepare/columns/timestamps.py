"""A column of times as whole epoch seconds, by the rules of `backfill`: one unit per column."""

import contextlib

import polars as pl

from personalize_data.errors import BadFile
from personalize_data.prepare.source import ROW, Source, chunks
from personalize_data.schema import BadValue
from personalize_data.times import Times

ROWS = 500_000  # at a time
REASONS = {
    "no_usable_time": "is no time that can be used: seconds or milliseconds since 1970 (from 2000 until tomorrow), or "
    "ISO 8601; --time-format says how others are written, as in %d/%m/%Y %H:%M",
    "other_time_unit": "is in another unit than the times before it: one column, one unit",
}


def seconds(source: Source, frame: pl.DataFrame, column: str, times: Times, form: str | None = None) -> pl.Series:
    """Return a column of text as epoch seconds. ``form``: strptime's, for times in no unit that is known here.

    Raises BadFile with the line of the first that is no time or in another unit.
    """
    if form is not None:
        return _by_form(source, frame, column, form, times)
    # By distinct text: many rows have the same time.
    parts = [_read(source, part, times) for part in _parts(frame, column)]
    return pl.concat(parts).alias(column) if parts else pl.Series(column, [], dtype=pl.Int64)


def _parts(frame: pl.DataFrame, column: str) -> list[pl.DataFrame]:
    rows = zip(chunks(frame[ROW], ROWS), chunks(frame[column], ROWS), strict=True)
    return [pl.DataFrame({"row": row, "text": text}) for row, text in rows]


def _read(source: Source, part: pl.DataFrame, times: Times) -> pl.Series:
    distinct = part.group_by("text", maintain_order=True).agg(pl.col("row").first())
    times_ = []
    for text, row in distinct.iter_rows():
        try:
            times_.append(times.read(text))
        except BadValue as error:
            raise _bad(source, row, text, REASONS[str(error)]) from None
    read = pl.DataFrame({"text": distinct["text"], "seconds": times_}, schema_overrides={"seconds": pl.Int64})
    return part.join(read, on="text", how="left", maintain_order="left")["seconds"]


def _by_form(source: Source, frame: pl.DataFrame, column: str, form: str, times: Times) -> pl.Series:
    text = frame[column]
    read = None
    with contextlib.suppress(pl.exceptions.PolarsError):
        read = text.str.to_datetime(form, strict=False, time_unit="ms", time_zone="UTC").dt.epoch("s")
    if read is None or read.null_count() == len(read):  # a form without hours is one of dates
        read = text.str.to_date(form, strict=False).cast(pl.Datetime("ms")).dt.epoch("s")
    bad = read.is_null().arg_true()
    if len(bad):
        raise _bad(source, int(frame[ROW][int(bad[0])]), str(text[int(bad[0])]), f"is not written as {form}")
    _in_range(source, frame, read, text, times)
    return read.alias(column)


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
