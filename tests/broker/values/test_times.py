"""Times: each unit by its name, and no number in two."""

from datetime import UTC, datetime

import pytest
from broker.values.times import PER_SECOND, YEAR_2000, YEAR_2100, Unit, day, seconds, unit_of
from hypothesis import given
from hypothesis import strategies as st

MOMENT = 1_291_191_960  # 2010-12-01 08:26


@pytest.mark.parametrize(
    ("number", "unit"),
    [
        (MOMENT, Unit.SECONDS),
        (MOMENT * 1_000, Unit.MILLISECONDS),
        (MOMENT * 1_000_000 + 999_999, Unit.MICROSECONDS),
        (MOMENT * 1_000_000_000 + 999_999_999, Unit.NANOSECONDS),
        (40513.3513889, Unit.EXCEL_DAYS),
    ],
)
def test_a_number_is_in_one_unit(number: float, unit: Unit) -> None:
    assert unit_of(number) is unit
    assert seconds(number, unit) == MOMENT


@pytest.mark.parametrize("number", [0, -1, 20101201, 20101201082600, 1e30, 10_000])
def test_a_number_that_is_no_date_has_no_unit(number: float) -> None:
    assert unit_of(number) is None


@given(st.integers(YEAR_2000, YEAR_2100 - 1), st.sampled_from(list(PER_SECOND)))
def test_every_second_of_a_century_is_read_exactly_and_in_no_other_unit(moment: int, unit: Unit) -> None:
    number = moment * PER_SECOND[unit]
    assert unit_of(number) is unit
    assert seconds(number, unit) == moment
    assert [other for other in Unit if YEAR_2000 <= seconds(number, other) < YEAR_2100] == [unit]


def test_a_day_is_written_in_utc() -> None:
    assert day(MOMENT) == datetime.fromtimestamp(MOMENT, UTC).date().isoformat() == "2010-12-01"
