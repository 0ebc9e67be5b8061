"""Ids of a table: rows that have none are counted, and a file with damaged ones is refused with the line."""

import json
from pathlib import Path

import pytest

from personalize_data.conversion import Plan
from personalize_data.errors import BadFile
from personalize_data.schema import SchemaError, read_schema
from personalize_data.table import Mapped
from tests.personalize_data.conversions import INTERACTIONS, converted, sources

HEADER = "USER_ID,ITEM_ID,TIMESTAMP\n"
VIEW = Mapped(constants={"EVENT_TYPE": "view"})
ROUNDED = "which a spreadsheet has rounded: keep the column as text there, and export it again"


def interactions(folder: Path, *files: str, mapped: Mapped = VIEW) -> Plan:
    return Plan("interactions", sources(folder, *files), INTERACTIONS, mapped)


def ids(lines: list[str]) -> list[list[str]]:
    return [line.split(",")[:2] for line in lines[1:]]


@pytest.mark.parametrize("word", ["undefined", "null", "NaN", "None", "[object Object]", "<NA>", "#N/A", " ", ""])
def test_a_word_for_nothing_is_no_id(word: str, tmp_path: Path) -> None:
    rows = f"{word},i,1700000000\nu,{word},1700000000\nnancy,nullable,1700000000\n"
    lines, _, summary = converted(interactions(tmp_path, HEADER + rows))
    assert ids(lines) == [["nancy", "nullable"]]
    assert summary.skipped == {"no_user_id": 1, "no_item_id": 1}


@pytest.mark.parametrize("text", ["5.045766800591E+18", "-5.04e+18", '"5,04E+18"'])
@pytest.mark.parametrize("row", ["{},i,1700000000\n", "u,{},1700000000\n"])
def test_rounded_ids_refuse_the_file_with_the_line(text: str, row: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile) as error:
        converted(interactions(tmp_path, HEADER + "u,i,1700000000\n" + row.format(text)))
    assert error.value.line == 3
    assert error.value.reason.endswith(ROUNDED)


def test_ids_that_are_all_fractions_are_read_as_whole_numbers_and_said(tmp_path: Path) -> None:
    rows = ["17850.0,a,1700000000\n,a,1700000001\n", "9.0,b,1700000002\n17850.0,a,1700000003\n"]
    lines, _, summary = converted(interactions(tmp_path, *(HEADER + row for row in rows)))
    assert ids(lines) == [["17850", "a"], ["9", "b"], ["17850", "a"]]
    assert "USER_ID holds fractions: 17850.0 is written as 17850" in summary.notes
    assert summary.users_with_two == 1


@pytest.mark.parametrize("first", ["17850.0", "v"])
def test_ids_of_which_some_are_fractions_stay_as_they_are_with_a_note(first: str, tmp_path: Path) -> None:
    others = {"17850.0", "v"} - {first}
    text = HEADER + "".join(f"{user},i,1700000000\n" for user in (first, *others, first))
    lines, _, summary = converted(interactions(tmp_path, text))
    assert [user for user, _ in ids(lines)] == [first, *others, first]
    assert summary.rows == 3
    rows = 2 if first == "17850.0" else 1
    assert f"USER_ID ends in .0 in {rows} of 3 rows, as '17850.0': left as it is" in summary.notes


@pytest.mark.parametrize("users", [("17850", "17850.0"), ("17850.0", "17850")])
def test_an_id_in_two_ways_refuses_the_file_with_both_lines(users: tuple[str, str], tmp_path: Path) -> None:
    line = {user: number for number, user in enumerate(users, 3)}
    text = HEADER + "17.0,i,1700000000\n" + "".join(f"{user},i,1700000000\n" for user in users)
    with pytest.raises(BadFile) as error:
        converted(interactions(tmp_path, text))
    assert str(error.value) == (
        f"file-1:{line['17850.0']}: USER_ID is '17850.0', and '17850' in line {line['17850']}, one id or two: write "
        "them in one way"
    )
    with pytest.raises(BadFile, match=r"file-1:2: USER_ID is '17850.0', and '17850' in line 2 of file-2"):
        converted(interactions(tmp_path, *(HEADER + f"{user},i,1700000000\n" for user in ("17850.0", "17850"))))


def test_codes_with_leading_zeros_stay_text(tmp_path: Path) -> None:
    lines, _, _ = converted(interactions(tmp_path, HEADER + "007,0012,1700000000\n7,12,1700000000\n"))
    assert ids(lines) == [["007", "0012"], ["7", "12"]]


@pytest.mark.parametrize(("dataset", "own_id"), [("users", "USER_ID"), ("items", "ITEM_ID")])
def test_an_id_twice_in_a_table_of_records_is_named_with_both_lines(dataset: str, own_id: str, tmp_path: Path) -> None:
    header = f"{own_id},A\n"
    plan = Plan(dataset, sources(tmp_path, header + "c0,x\nc1,y\n,z\n c0 ,x\n"), None)
    with pytest.raises(BadFile) as error:
        converted(plan)
    assert str(error.value) == f"file-1:5: {own_id} c0 comes more than once: line 2 has it, too"
    with pytest.raises(BadFile, match=rf"file-2:3: {own_id} 7 comes more than once: line 2 of file-1 has it, too"):
        converted(Plan(dataset, sources(tmp_path, header + "7.0,x\n", header + "8.0,x\n7.0,x\n"), None))
    assert converted(Plan(dataset, sources(tmp_path, header + "c0,x\nc1,y\n,z\n"), None))[2].rows == 2


@pytest.mark.parametrize(
    ("amount", "event_type", "rows"),
    [("-2.5", "purchase", 0), ("-2.5", "Purchase", 0), ("-0.0", "purchase", 1), ("-1", "rate", 1), ("", "purchase", 1)],
)
def test_a_purchase_of_less_than_nothing_is_a_return(amount: str, event_type: str, rows: int, tmp_path: Path) -> None:
    text = f"{HEADER[:-1]},EVENT_TYPE,EVENT_VALUE\nu,i,1700000000,{event_type},{amount}\n"
    _, _, summary = converted(interactions(tmp_path, text, mapped=Mapped()))
    assert (summary.rows, summary.skipped) == (rows, {} if rows else {"returns": 1})


def items(folder: Path, *times: str) -> Plan:
    rows = "".join(f"p{number},Drama,{time}\n" for number, time in enumerate(times))
    return Plan("items", sources(folder, "ITEM_ID,GENRE,CREATION_TIMESTAMP\n" + rows), None)


@pytest.mark.parametrize("time", ["2020-01-01", "1577836800000", "1577836800"])
def test_the_time_of_creation_is_written_in_seconds_as_a_long(time: str, tmp_path: Path) -> None:
    lines, schema, summary = converted(items(tmp_path, time, time))
    assert lines[1:] == ["p0,Drama,1577836800", "p1,Drama,1577836800"]
    assert [(column.kind, column.nullable) for column in schema.columns][2] == ("long", False)
    assert summary.notes[0].startswith("CREATION_TIMESTAMP, in seconds since 1970, was read as ")


def test_an_item_without_a_usable_time_of_creation_is_counted(tmp_path: Path) -> None:
    _, schema, summary = converted(items(tmp_path, "2020-01-01", "", "soon"))
    assert (summary.rows, summary.bad) == (1, {"no_usable_time": 2})
    assert not schema.columns[2].nullable
    with pytest.raises(BadFile, match=r"file-1:2: CREATION_TIMESTAMP 43831 is in Excel's day numbers"):
        converted(items(tmp_path, "43831"))


@pytest.mark.parametrize(("kind", "refused"), [("string", True), (["null", "long"], True), ("long", False)])
def test_a_schema_with_another_type_of_a_reserved_column_is_refused_before_anything_is_made(
    kind: object, refused: bool, tmp_path: Path
) -> None:
    fields = [{"name": "ITEM_ID", "type": "string"}, {"name": "CREATION_TIMESTAMP", "type": kind}]
    schema = read_schema(json.dumps({"type": "record", "name": "Items", "fields": fields}), "items")
    plan = Plan("items", sources(tmp_path, "ITEM_ID,CREATION_TIMESTAMP\np,1577836800\n"), schema)
    if not refused:
        assert converted(plan)[0][1:] == ["p,1577836800"]
        return
    with pytest.raises(SchemaError, match="requires the type long of the column CREATION_TIMESTAMP"):
        converted(plan)
