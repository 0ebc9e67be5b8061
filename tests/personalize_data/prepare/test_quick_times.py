"""Columns of times that are read at once: as one by one, or not at all."""

from datetime import UTC, datetime

import polars as pl
import pytest

from personalize_data.prepare.columns import quick_times
from personalize_data.schema import BadValue
from personalize_data.times import Times

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
QUICK = {
    "seconds": ["1700000000", "1000000000", "1767311999"],
    "milliseconds": ["1700000000000", "1700000000999"],
    "ISO 8601": ["2023-11-14 22:13:20", "2024-02-29 23:59:59"],
    "with a T": ["2023-11-14T22:13:20", "2001-01-01T00:00:00"],
    "with fractions": ["2023-11-14T22:13:20.1", "2023-11-14T22:13:20.999999999", "2023-11-14T22:13:20"],
    "in UTC": ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5+00:00"],
}
SLOW = {
    "another unit": ["1700000000", "1700000000000"],
    "a short number": ["999999999", "1700000000"],
    "a sign": ["1700000000", "+999999999"],
    "other digits": ["1700000000", "١٢٣٤٥"],
    "after tomorrow": ["1700000000", "1767398400"],
    "milliseconds after tomorrow": ["1700000000000", "1767398400000"],
    "no such day": ["2023-11-14 22:13:20", "2023-02-29 22:13:20"],
    "a leap second": ["2023-11-14 22:13:20", "2016-12-31 23:59:60"],
    "hour 24": ["2023-11-14 22:13:20", "2023-11-14 24:00:00"],
    "both marks": ["2023-11-14 22:13:20", "2023-11-14T22:13:20"],
    "another zone": ["2023-11-14 22:13:20+01:00"],
    "before 2000": ["1999-12-31 23:59:59"],
    "days": ["2023-11-14", "2023-11-15"],
    "a word": ["2023-11-14 22:13:20", "yesterday"],
    "words": ["x"],
    "microseconds": ["1700000000000000"],
}
READ = [
    (unit, texts) for texts in (*QUICK.values(), *SLOW.values()) for unit in (None, "s", "ms", "us", "excel", "iso")
]


def one_by_one(texts: list[str], times: Times) -> list[int] | None:
    try:
        return [times.read(text) for text in texts]
    except BadValue:
        return None


@pytest.mark.parametrize(("unit", "texts"), READ)
def test_what_is_read_at_once_is_what_is_read_one_by_one(unit: str | None, texts: list[str]) -> None:
    times, others = Times(unit, NOW), Times(unit, NOW)
    quick = quick_times.seconds(pl.Series(texts), times)
    if quick is not None:
        assert (quick.to_list(), times.unit) == (one_by_one(texts, others), others.unit)
    else:
        assert times.unit == unit


@pytest.mark.parametrize("form", QUICK)
def test_the_usual_forms_are_read_at_once(form: str) -> None:
    assert quick_times.seconds(pl.Series(QUICK[form]), Times(None, NOW)) is not None


@pytest.mark.parametrize("form", SLOW)
def test_others_are_not_nor_is_what_is_missing(form: str) -> None:
    assert quick_times.seconds(pl.Series(SLOW[form]), Times(None, NOW)) is None
    assert quick_times.seconds(pl.Series([*QUICK["seconds"], None]), Times(None, NOW)) is None
    assert quick_times.seconds(pl.Series([], dtype=pl.String), Times(None, NOW)) is None


def test_a_column_keeps_the_unit_of_the_one_before() -> None:
    times = Times(None, NOW)
    assert quick_times.seconds(pl.Series(QUICK["seconds"]), times) is not None
    assert quick_times.seconds(pl.Series(QUICK["milliseconds"]), times) is None


def test_with_a_stated_unit_times_from_1970_on_are_read() -> None:
    read = quick_times.seconds(pl.Series(["1970-01-01 00:00:01"]), Times("iso", NOW))
    assert read is not None
    assert read.to_list() == [1]
    assert quick_times.seconds(pl.Series(["1969-12-31 23:59:59"]), Times("iso", NOW)) is None
