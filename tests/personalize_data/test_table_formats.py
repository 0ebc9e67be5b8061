"""Tables as people have them: other encodings and decimal marks, no header, several items in a cell, JSON rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_data import csv_reader
from personalize_data.conversion import Plan, TableFormat
from personalize_data.errors import BadFile
from personalize_data.import_summary import ImportSummary
from personalize_data.table import Mapped, MappingError
from tests.personalize_data.conversions import INTERACTIONS, converted, sources

Rows = list[list[str]]
HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_VALUE\n"
SHOP = Mapped(constants={"EVENT_TYPE": "purchase"})
OF_WAREHOUSE = Mapped({"USER_ID": "mparticleuserid", "ITEM_ID": "sku", "TIMESTAMP": "at", "EVENT_VALUE": "amount"},
                      {"EVENT_TYPE": "purchase"})  # fmt: skip


def read(
    folder: Path, *files: str | bytes, mapped: Mapped = SHOP, **form: Any
) -> tuple[list[list[str]], ImportSummary]:
    """Return USER_ID, ITEM_ID and EVENT_VALUE of each row, and the summary."""
    unit = form.pop("time_unit", None)
    plan = Plan("interactions", sources(folder, *files), INTERACTIONS, mapped, unit, format=TableFormat(**form))
    lines, _, summary = converted(plan)
    rows = [line.split(",") for line in lines[1:]]
    return [[row[0], row[1], row[5]] for row in rows], summary


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8"])
def test_text_is_read_in_the_encoding_that_is_named(encoding: str, tmp_path: Path) -> None:
    content = (HEADER + "café,i,1700000000,\n").encode(encoding)
    assert read(tmp_path, content, encoding=encoding)[0] == [["café", "i", ""]]


def test_bytes_that_an_encoding_does_not_have_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"file-1: it is not text in cp1252: byte 0x81"):
        read(tmp_path, HEADER.encode() + b"\x81,i,1700000000,\n", encoding="cp1252")
    with pytest.raises(BadFile, match=r"it is not text in utf-16"):
        read(tmp_path, HEADER.encode() + b"u", encoding="utf-16")


def test_a_decimal_comma_is_read_where_it_is_stated_and_refused_where_not(tmp_path: Path) -> None:
    text = HEADER.replace(",", ";") + "u;i;1700000000;2,50\nv;i;1700000000;1.234,5\nw;i;1700000000;2.5\n"
    rows, summary = read(tmp_path, text, decimal=",")
    assert rows == [["u", "i", "2.50"], ["v", "i", "1234.5"]]
    assert summary.bad == {"bad_value_in_EVENT_VALUE": 1}
    assert not any("--decimal" in note for note in summary.notes)
    summary = read(tmp_path, text)[1]
    assert summary.bad == {"bad_value_in_EVENT_VALUE": 2}
    assert any("--decimal , reads 2,50" in note for note in summary.notes)


def test_rows_in_another_encoding_are_counted_and_the_option_that_reads_them_is_named(tmp_path: Path) -> None:
    content = (HEADER + "café,i,1700000000,\nu,i,1700000000,\n").encode("latin-1")
    rows, summary = read(tmp_path, content)
    assert (rows, summary.bad) == ([["u", "i", ""]], {"not_utf8": 1})
    assert [note for note in summary.notes if "--encoding NAME" in note]
    assert not any("--encoding" in note for note in read(tmp_path, content, encoding="latin-1")[1].notes)


def test_users_with_decimal_commas_get_a_column_of_numbers(tmp_path: Path) -> None:
    plan = Plan("users", sources(tmp_path, "USER_ID;SPENT\nu;2,50\nv;\n"), None, format=TableFormat(decimal=","))
    lines, schema, _ = converted(plan)
    assert (lines, schema.columns[1].kind) == (["USER_ID,SPENT", "u,2.50", "v,"], "double")


def test_a_file_without_a_header_is_read_by_the_names_that_are_given(tmp_path: Path) -> None:
    rows, summary = read(tmp_path, "1,2014-04-02T10:54:00.000Z,i,0\n2,soon,j,0\n",
                         columns=("USER_ID", "TIMESTAMP", "ITEM_ID", "x"))  # fmt: skip
    assert rows == [["1", "i", ""]]
    assert summary.examples == [("file-1", 2, "no_usable_time")]
    with pytest.raises(BadFile, match=r"file-1:1: --columns names 2 columns, and the first line has 4"):
        read(tmp_path, "1,2014-04-02,i,0\n", columns=("USER_ID", "TIMESTAMP"))
    with pytest.raises(MappingError, match="the first line looks like data: --columns a,b,c"):
        read(tmp_path, "1,2014-04-02,i,0\n")


def test_several_items_in_a_cell_are_a_row_each_and_empty_parts_are_counted(tmp_path: Path) -> None:
    rows, summary = read(tmp_path, HEADER + "u,a|b||c ,1700000000,\nv,a,1700000001,\nw,,1700000001,\n", split="|")
    assert [row[:2] for row in rows] == [["u", "a"], ["u", "b"], ["u", "c"], ["v", "a"]]
    assert summary.skipped == {"no_item_id": 2}


def test_a_bar_in_items_is_pointed_out(tmp_path: Path) -> None:
    assert any("--split '|'" in note for note in read(tmp_path, HEADER + "u,a|b,1700000000,\n")[1].notes)
    with pytest.raises(MappingError, match="--split goes with interactions"):
        converted(Plan("users", sources(tmp_path, "USER_ID,A\nu,1\n"), None, format=TableFormat(split="|")))


HIDDEN = 'NAME,{0}MUG,u1,i,1700000000,\n"7 INCH,u2,i,1700000000,\n{1}{2}CUP,u9,i,1700000000,\n'
MIDDLE = "MUG,u3,i,1700000000,\nMUG,u4,i,1700000000,\n"


@pytest.mark.parametrize(
    "end", ['7" MUG,u5,i,1700000000,\n', '"7 INCH,u5,i,1700000000,\n', 'MUG 7",u5,i,1700000000,\n', ""]
)
def test_a_quote_that_hides_rows_refuses_the_file_with_the_line_where_it_opens(end: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile) as error:
        read(tmp_path, HIDDEN.format(HEADER, MIDDLE, f"{end},u5,i,1700000000,\n"))
    assert (error.value.line, error.value.reason) == (3, csv_reader.QUOTE)


def test_a_text_over_several_lines_hides_nothing(tmp_path: Path) -> None:
    notes = '"Street 1,\n12345 Town, Country, x, y"', '"a\n\nb"', '"one, two\nthree, ""four"""'
    text = HEADER.replace("\n", ",NOTE\n") + "".join(f"u{n},i,1700000000,,{note}\n" for n, note in enumerate(notes))
    assert len(read(tmp_path, text)[0]) == 3


def test_json_rows_are_read_by_a_mapping_and_whole_numbers_stay_exact(tmp_path: Path) -> None:
    row = {"mparticleuserid": -5045766802590845105, "sku": "a", "at": 1_700_000_000_001, "other": {"x": 1}}
    lines = [row | {"amount": 2.5}, row | {"mparticleuserid": None}, row | {"sku": ["a"]}, [1], row | {"sku": True}]
    rows, summary = read(tmp_path, "\n".join(map(json.dumps, lines)) + "\n{broken\n", mapped=OF_WAREHOUSE)
    assert rows == [["-5045766802590845105", "a", "2.5"], ["-5045766802590845105", "true", ""]]
    assert summary.skipped == {"no_user_id": 1}
    assert summary.bad == {"nested_value_in_sku": 1, "broken_row": 2}
    assert [example.line for example in summary.examples] == [3, 4, 6]


def test_a_number_in_json_that_a_float_has_rounded_refuses_the_file(tmp_path: Path) -> None:
    row = '{"mparticleuserid": 5.045766802590845E18, "sku": "a", "at": 1700000000}'
    with pytest.raises(BadFile, match=r"file-1:1: USER_ID is '5.045767e\+18', which a spreadsheet has rounded"):
        read(tmp_path, row, mapped=OF_WAREHOUSE)


def test_json_rows_without_a_mapping_are_told_how_they_are_read(tmp_path: Path) -> None:
    _, summary = read(tmp_path, '{"mparticleuserid": 1, "sku": "a"}\n', mapped=Mapped())
    assert summary.bad == {"not_a_batch": 1}
    assert "with a mapping" in summary.notes[0]
    assert "file-1 has mparticleuserid, sku" in summary.notes[0]


def test_json_users_with_an_optional_name_that_comes_late_are_read(tmp_path: Path) -> None:
    lines = [json.dumps({"USER_ID": n}) for n in range(5)] + [json.dumps({"USER_ID": 9, "AGE": 31})]
    out, _, _ = converted(Plan("users", sources(tmp_path, "\n".join(lines)), None))
    assert out == ["USER_ID,AGE", *(f"{n}," for n in range(5)), "9,31"]


def test_rows_without_a_mapping_are_told_how_to_be_read_with_or_without_other_options(tmp_path: Path) -> None:
    rows = '{"who": "u", "what": "i", "at": 1700000000}\n'
    with pytest.raises(MappingError, match=r"as rows of a table.*file-1 has who, what, at"):
        read(tmp_path, rows)
    [note] = [note for note in read(tmp_path, rows, mapped=Mapped())[1].notes if note.startswith("not_a_batch")]
    assert note.endswith("file-1 has who, what, at")


def test_no_batch_among_batches_is_not_taken_for_a_row_of_a_table(tmp_path: Path) -> None:
    summary = read(tmp_path, '{"mpid": "1", "events": []}\n{"a": 1}\n', mapped=Mapped())[1]
    assert (summary.bad, summary.notes) == ({"not_a_batch": 1}, [])


def test_a_carriage_return_in_a_value_breaks_no_row_of_the_csv(tmp_path: Path) -> None:
    lines, _, _ = converted(Plan("users", sources(tmp_path, 'USER_ID,NOTE\nu,"a\rb"\nv,\n'), None))
    assert lines == ["USER_ID,NOTE", 'u,"a\rb"', "v,"]
