"""Times of a table: every unit by its name, or by a value that can be one thing only."""

from datetime import UTC, datetime

import pytest

from personalize_data import times
from personalize_data.schema import BadValue
from personalize_data.times import OtherUnit, Times

NOW = 1_790_000_000.0
SECONDS = 1_323_435_000


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1323435000", "s"),
        ("1323435000.0", "s"),
        ("1323435000999", "ms"),
        ("2011-12-09 12:50:00", "iso"),
        ("2011-12-09T12:50:00.999", "iso"),
        ("2011-12-09T13:50:00+01:00", "iso"),
        ("2011-12-09T12:50:00Z", "iso"),
    ],
)
def test_one_moment_is_the_same_second_in_every_unit_stated_or_not(text: str, unit: str) -> None:
    column = Times(None, NOW)

    assert column.read(text) == Times(unit, NOW).read(text) == SECONDS
    assert column.unit == unit


@pytest.mark.parametrize(
    "text", ["12/1/2010 8:26", "20101201", "2010-W48-3", "", "soon", "0", "-5", "9" * 17, "2010-13-01"]
)
def test_what_could_be_two_times_or_none_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="no_usable_time"):
        Times(None, NOW).read(text)


@pytest.mark.parametrize(
    ("text", "unit", "name"),
    [
        ("1323435000999999", "us", "microseconds"),
        ("1323435000999999999", "ns", "nanoseconds"),
        ("40886.5347222", "excel", "Excel's day numbers"),
    ],
)
def test_other_units_are_named_and_read_where_they_are_stated(text: str, unit: str, name: str) -> None:
    assert Times(unit, NOW).read(text) == SECONDS
    with pytest.raises(OtherUnit) as refused:
        Times(None, NOW).read(text)
    assert refused.value.unit == unit
    assert times.unread("TIMESTAMP", text, refused.value.unit).startswith(f"TIMESTAMP {text} is in {name}")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1323435000999999", "--time-unit us"),
        ("40886.5", "--time-unit excel"),
        ("828124615", "--time-unit s"),
        ("1.58E+12", "a spreadsheet has rounded it"),
        ("soon", ""),
        ("7", ""),
    ],
)
def test_a_hint_names_the_option_that_reads_a_time(text: str, hint: str) -> None:
    assert hint in times.hint(text)
    assert bool(times.hint(text)) == bool(hint)


@pytest.mark.parametrize(("first", "second"), [("1323435000", "1323435000000"), ("2011-12-09", "1323435000")])
def test_a_column_has_one_unit(first: str, second: str) -> None:
    column = Times(None, NOW)
    column.read(first)

    with pytest.raises(BadValue, match="other_time_unit"):
        column.read(second)
    assert column.read(first)


def test_a_time_before_2000_is_taken_where_the_unit_is_stated_and_the_future_never() -> None:
    assert Times("s", NOW).read("874965758") == 874_965_758
    assert Times("iso", NOW).read("1997-09-22") == datetime(1997, 9, 22, tzinfo=UTC).timestamp()
    with pytest.raises(BadValue):
        Times(None, NOW).read("874965758")
    with pytest.raises(BadValue):
        Times("s", NOW).read(str(int(NOW) + 2 * 86_400))


def test_times_without_a_zone_are_counted_repeats_too() -> None:
    column = Times(None, NOW)
    for text in ("2011-12-09", "2011-12-09", "2011-12-09T12:00:00Z", "2011-12-09T12:00:00Z"):
        column.read(text)

    assert column.without_zone == 2
