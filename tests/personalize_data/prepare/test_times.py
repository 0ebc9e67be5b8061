"""Times of every unit and form, the time of day in a column of its own, and what is said where times can't be read."""

from pathlib import Path

import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

LOG = ("--user", "who", "--item", "item", "--time", "at", "--event-type", "view")
CLOCK = (*LOG, "--time-of-day", "clock")
MIDNIGHT = "1462838400"  # 2016-05-10


def log(folder: Path, *times: str) -> Path:
    return table(folder, "who;item;at\n" + "".join(f"u{place};a;{text}\n" for place, text in enumerate(times)))


def refusal(file: Path, *arguments: str) -> str:
    """Return the message that refuses a table, from after its path."""
    result = run("events", file, *arguments, "--dry-run")
    assert result.exit_code == 2, result.output
    return result.stderr.strip().splitlines()[-1].removeprefix("Error: ").removeprefix(str(file))


def seconds(file: Path) -> list[str]:
    return [row["TIMESTAMP"] for row in written(file, "interactions.csv")]


UNITS = {
    "ns": ("1700000000123456789", "1700000000", "2023-11-14 22:13 in nanoseconds since 1970"),
    "us": ("1700000000123456", "1700000000", "2023-11-14 22:13 in microseconds since 1970"),
    "excel": ("40513.3513889", "1291191960", "2010-12-01 08:26 in Excel's day numbers"),
    "s": ("828124615", "828124615", "1996-03-29 18:36 in seconds since 1970, before 2000"),
}


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_named_with_the_date_and_read_where_it_is_stated(tmp_path: Path, unit: str) -> None:
    text, moment, words = UNITS[unit]
    file = log(tmp_path, text)
    assert refusal(file, *LOG) == f":2: the time '{text}' is {words}: --time-unit {unit} reads it"
    prepare("events", file, *LOG, "--time-unit", unit)
    assert seconds(file) == [moment]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("20101201", "looks like a date in digits: --time-format %Y%m%d reads it"),
        ("20101201082600", "looks like a date in digits: --time-format %Y%m%d%H%M%S reads it"),
        ("1999-12-31", "is before 2000: --time-unit iso takes it as it is"),
        ("4000000000", "is 2096-10-02 07:06 in seconds since 1970, which is in the future"),
        ("12345", "is no time that can be used: seconds or milliseconds"),
        ("01.12.2010", "is no time that can be used: seconds or milliseconds"),
        ("2016-13", "is no time that can be used: seconds or milliseconds"),
    ],
)
def test_other_times_are_named_with_a_way(tmp_path: Path, text: str, reason: str) -> None:
    assert refusal(log(tmp_path, text), *LOG).startswith(f":2: the time '{text}' {reason}")


def test_a_month_is_its_first_day_in_events_as_in_ownership(tmp_path: Path) -> None:
    file = log(tmp_path, "2016-01", "2016-02-05")
    prepare("events", file, *LOG)
    assert seconds(file) == ["1451606400", "1454630400"]


@pytest.mark.parametrize("form", ["dd.mm.yyyy", "iso", ""])
def test_a_form_without_a_percent_sign_is_answered_by_what_forms_look_like(tmp_path: Path, form: str) -> None:
    message = refusal(log(tmp_path, "01.12.2010"), *LOG, "--time-format", form)
    assert message == f"--time-format {form}: formats look like %d.%m.%Y or %d/%m/%Y %H:%M"


ZONED = ("--time-format", "%Y-%m-%d %H:%M:%S %Z")


def test_only_utc_and_gmt_are_zones_by_name(tmp_path: Path) -> None:
    file = log(tmp_path, "2024-06-01 10:00:00 UTC", "2024-06-01 10:00:01 GMT", "2024-06-01 10:00:02 Z")
    prepare("events", file, *LOG, *ZONED)
    assert seconds(file) == ["1717236000", "1717236001", "1717236002"]
    for zone in ("CST", "America/New_York", "EST"):
        message = refusal(log(tmp_path, "2024-06-01 10:00:00 UTC", f"2024-06-01 10:00:00 {zone}"), *LOG, *ZONED)
        assert message.startswith(f":3: the time '2024-06-01 10:00:00 {zone}' names a zone that may be several")
    assert "is not written as" in refusal(log(tmp_path, "yesterday"), *LOG, *ZONED)


def test_an_offset_in_a_form_is_taken_into_account(tmp_path: Path) -> None:
    file = log(tmp_path, "01/06/2024 10:00 +02:00")
    prepare("events", file, *LOG, "--time-format", "%d/%m/%Y %H:%M %z")
    assert seconds(file) == ["1717228800"]


def days(folder: Path, *clocks: str, date: str = "2016-05-10") -> Path:
    rows = "".join(f"a;x;{date};{clock}\n" for clock in clocks)
    return table(folder, "who;item;at;clock\n" + rows)


@pytest.mark.parametrize(
    ("clock", "unit", "later"),
    [("08:26", None, 30360), ("8:26:30", None, 30390), ("23:59:59.999", None, 86399), ("30360", "s", 30360),
     ("30360999", "ms", 30360), ("0", "ms", 0)],
)  # fmt: skip
def test_the_time_of_day_is_added_to_the_date(tmp_path: Path, clock: str, unit: str | None, later: int) -> None:
    file = days(tmp_path, clock)
    prepare("events", file, *CLOCK, *(("--time-of-day-unit", unit) if unit else ()))
    assert seconds(file) == [str(int(MIDNIGHT) + later)]


@pytest.mark.parametrize(
    ("clock", "unit"),
    [("24:00", None), ("08:60", None), ("08:26:60", None), ("8", None), ("08:26 PM", None), ("30360", None),
     ("86400", "s"), ("86400000", "ms"), ("-1", "s"), ("08:26", "s")],
)  # fmt: skip
def test_what_is_no_time_of_day_is_refused(tmp_path: Path, clock: str, unit: str | None) -> None:
    file = days(tmp_path, "00:00" if unit is None else "0", clock)
    message = refusal(file, *CLOCK, *(("--time-of-day-unit", unit) if unit else ()))
    assert message.startswith(f":3: clock is '{clock}', which is no time of day: ")


def test_a_date_with_a_time_needs_no_other(tmp_path: Path) -> None:
    message = refusal(days(tmp_path, "08:26", date="2016-05-10 10:00"), *CLOCK)
    assert message == ":2: the time '2016-05-10 10:00' has a time of day already: leave --time-of-day out"
    assert ":2: nothing in clock" in refusal(days(tmp_path, ""), *CLOCK)
    file = days(tmp_path, "08:26")
    assert "--time-of-day-unit goes with --time-of-day" in refusal(file, *LOG, "--time-of-day-unit", "s")


def test_times_that_are_all_midnight_are_noted_with_the_rows_that_fell_together(tmp_path: Path) -> None:
    for folder in (first := tmp_path / "1", second := tmp_path / "2", third := tmp_path / "3"):
        folder.mkdir()
    note = "every time is midnight, so the order within a day is unknown"
    clocks = ("08:26", "09:00", "09:00")
    notes = prepare("events", days(first, *clocks), *LOG)["notes"]
    assert [text for text in notes if text.startswith(f"{note}, and 2 fell together with another row of the same day")]
    summary = prepare("events", days(second, *clocks), *CLOCK)
    assert (summary["interactions"], summary["left_out"]["duplicates"]) == (2, 1)
    assert not [text for text in summary["notes"] if text.startswith("every time")]
    notes = prepare("events", log(third, "2024-01-01"), *LOG)["notes"]
    assert [text for text in notes if text.startswith(f"{note}: ")]
