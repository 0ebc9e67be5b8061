"""Names that would take the place of Personalize's own columns, or of each other, are refused in one line."""

from pathlib import Path

import polars as pl
import pytest

from tests.personalize_data.prepare.prepared import prepare, run, table, written

LOG = "u,i,t,type,val,zip,timestamp,USER_ID\na,x,1700000000,view,5.5,01234,6,ZZ\nb,x,1700000000,view,5,01235,6,YY\n"
EVENTS = ("--user", "u", "--item", "i", "--time", "t", "--type", "type")

REFUSED = {
    "the time": (("--metadata", "timestamp"), "--metadata timestamp would be called TIMESTAMP"),
    "the user": (("--metadata", "USER_ID"), "--metadata USER_ID would be called USER_ID"),
    "the type, in small letters": (("--metadata", "Event_Type=zip"), "--metadata zip would be called EVENT_TYPE"),
    "the value": (("--value", "val", "--metadata", "EVENT_VALUE=zip"), "--metadata zip would be called EVENT_VALUE"),
    "the user's id": (("--attribute", "USER_ID"), "--attribute USER_ID would be called USER_ID"),
    "the item's id": (("--item-attribute", "item_id=zip"), "--item-attribute zip would be called ITEM_ID"),
    "two that differ in case": (
        ("--metadata", "A=zip", "--metadata", "a=val"),
        "two columns, zip and val, would be called A",
    ),
    "two names for one": (("--attribute", "A=zip", "--attribute", "B=zip"), "zip has two names, A and B"),
    "six of interactions": (
        (
            "--metadata",
            "A=u",
            "--metadata",
            "B=i",
            "--metadata",
            "C=t",
            "--metadata",
            "D=type",
            "--metadata",
            "val",
            "--metadata",
            "zip",
        ),
        "over the maximum of 5: choose fewer; what belongs to the user or to the item goes to --attribute",
    ),
    "text of a column that is not in use": (
        ("--categorical", "zip"),
        "--categorical zip is no attribute and no metadata",
    ),
    "no type": ((), "--type names the column"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_name_that_can_not_be_is_refused(tmp_path: Path, case: str) -> None:
    arguments, message = REFUSED[case]
    file = table(tmp_path, LOG)
    columns = EVENTS if case != "no type" else EVENTS[:-2]
    result = run("events", file, *columns, *arguments, "--out", tmp_path / "out")
    assert (result.exit_code, message in result.stderr) == (2, True), result.output
    assert list(tmp_path.iterdir()) == [file]


def test_a_pattern_and_a_name_of_its_own_go_together(tmp_path: Path) -> None:
    file = table(tmp_path, LOG)
    summary = prepare(
        "events", file, *EVENTS, "--attribute", "z*", "--attribute", "PLACE=zip", "--metadata", "AT=timestamp"
    )
    assert list(summary["columns"]["users"]) == ["USER_ID", "PLACE"]
    assert [row["AT"] for row in written(file, "interactions.csv")] == ["6", "6"]


def test_a_column_that_is_called_like_the_id_is_not_taken_for_it(tmp_path: Path) -> None:
    file = table(tmp_path, LOG)
    prepare("events", file, *EVENTS, "--attribute", "zip")
    assert written(file, "users.csv") == [{"USER_ID": "a", "ZIP": "01234"}, {"USER_ID": "b", "ZIP": "01235"}]


def test_lists_in_a_parquet_file_do_not_stand_in_the_way(tmp_path: Path) -> None:
    file = tmp_path / "log.parquet"
    pl.DataFrame({"u": ["a"], "i": ["x"], "t": [1700000000], "type": ["view"], "tags": [["p", "q"]]}).write_parquet(
        file
    )
    prepare("events", file, *EVENTS)
    refused = run("events", file, *EVENTS, "--metadata", "tags", "--dry-run")
    assert (refused.exit_code, f"--metadata tags: this column of {file} holds lists or records" in refused.stderr) == (
        2,
        True,
    )
