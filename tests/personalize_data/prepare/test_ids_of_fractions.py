"""Ids that a program took for fractions: 17850.0 for 17850."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

COLUMNS = ("--user", "who", "--item", "code", "--time", "at", "--event-type", "view", "--impute", "who=drop")
NOTE = "who holds fractions: 17850.0 is written as 17850"


def of_csv(folder: Path, *users: str) -> Path:
    rows = "".join(f"{user},a,{1_700_000_000 + place}\n" for place, user in enumerate(users))
    return table(folder, "who,code,at\n" + rows)


def of_parquet(folder: Path, users: list[float | None], kind: Any = pl.Float64) -> Path:
    file = folder / "shop.parquet"
    times = [1_700_000_000 + place for place in range(len(users))]
    frame = pl.DataFrame({"who": pl.Series(users, dtype=kind), "code": ["a"] * len(users), "at": times})
    frame.write_parquet(file)
    return file


def users_of(file: Path) -> list[str]:
    return [row["USER_ID"] for row in written(file, "interactions.csv")]


def test_a_parquet_column_of_fractions_is_written_in_whole_numbers_and_said(tmp_path: Path) -> None:
    file = of_parquet(tmp_path, [17850.0, None, 13047.0])
    summary = prepare("events", file, *COLUMNS)
    assert (users_of(file), NOTE in summary["notes"]) == (["17850", "13047"], True)


def test_a_csv_in_which_every_id_ends_so_is_taken_for_the_same(tmp_path: Path) -> None:
    file = of_csv(tmp_path, "17850.0", "", "13047.0")
    summary = prepare("events", file, *COLUMNS)
    assert (users_of(file), NOTE in summary["notes"]) == (["17850", "13047"], True)


def test_whole_numbers_and_words_are_worth_no_note(tmp_path: Path) -> None:
    file = of_csv(tmp_path, "17850", "v1.0", "1.50")
    summary = prepare("events", file, *COLUMNS)
    assert users_of(file) == ["17850", "v1.0", "1.50"]
    assert not [note for note in summary["notes"] if note.startswith("who")]


def test_an_id_in_both_forms_is_refused_and_never_merged(tmp_path: Path) -> None:
    result = run("events", of_csv(tmp_path, "13047", "99.0", "13047.0"), *COLUMNS, "--dry-run")
    assert result.exit_code == 2
    assert ":4: who is '13047.0', and elsewhere '13047', one id or two: write them in one way" in result.stderr


def test_some_that_end_so_and_meet_no_other_stay_as_they_are_with_a_note(tmp_path: Path) -> None:
    file = of_csv(tmp_path, "17850.0", "13047", "ann")
    summary = prepare("events", file, *COLUMNS)
    assert users_of(file) == ["17850.0", "13047", "ann"]
    assert "who ends in .0 in 1 of 3 rows, as '17850.0': left as it is" in summary["notes"]


@pytest.mark.parametrize(
    ("users", "kind", "reason"),
    [
        ([1.0, 2.0**53], pl.Float64, "row 2: who is 9007199254740992 in a column of fractions, which rounds it"),
        ([1.0, -(2.0**63)], pl.Float64, "row 2: who is -9223372036854775808 in a column of fractions"),
        ([2.0**24], pl.Float32, "row 1: who is 16777216 in a column of fractions"),
    ],
)
def test_what_a_fraction_cannot_hold_exactly_is_refused(
    tmp_path: Path, users: list[float | None], kind: Any, reason: str
) -> None:
    result = run("events", of_parquet(tmp_path, users, kind), *COLUMNS, "--dry-run")
    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("rounded", ["1.785E+15", "1.2345678901234568e+18", "1e+16"])
def test_an_id_that_is_rounded_in_a_csv_is_refused(tmp_path: Path, rounded: str) -> None:
    result = run("events", of_csv(tmp_path, rounded), *COLUMNS, "--dry-run")
    assert (result.exit_code, "has rounded" in result.stderr) == (2, True)


def test_customers_of_an_ownership_table_are_read_by_the_same_rule(tmp_path: Path) -> None:
    file = table(tmp_path, "month,who,p_card\n2016-01,17850.0,1\n2016-02,13047.0,1\n")
    summary = prepare("ownership", file, "--user", "who", "--month", "month", "--product", "p_*")
    assert (sorted(users_of(file)), NOTE in summary["notes"]) == (["13047", "17850"], True)
