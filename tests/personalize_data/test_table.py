"""Any CSV into a dataset: mapped columns, rows that can't be read named by file and line, the rest unharmed."""

import gzip
from pathlib import Path

import pytest

from personalize_data.conversion import Plan
from personalize_data.errors import BadFile
from personalize_data.table import Mapped, MappingError
from tests.personalize_data.conversions import INTERACTIONS, converted, sources

HEADER = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP,SESSION_ID,EVENT_VALUE,RECOMMENDATION_ID,IMPRESSION"
SHOP = Mapped({"USER_ID": "Customer", "ITEM_ID": "Code", "TIMESTAMP": "At"}, {"EVENT_TYPE": "purchase"})


def shop(folder: Path, *files: str | bytes, mapped: Mapped = SHOP, time_unit: str | None = None) -> Plan:
    return Plan("interactions", sources(folder, *files), INTERACTIONS, mapped, time_unit)


def test_mapped_columns_and_constants_become_a_csv_in_the_schemas_order(tmp_path: Path) -> None:
    lines, _, summary = converted(shop(tmp_path, "Code,At,Customer,Colour\na1,1323435000,7,red\n'b,1323435001,8,\n"))

    assert lines == [HEADER, "7,a1,purchase,1323435000,,,,", "8,'b,purchase,1323435001,,,,"]
    assert (summary.rows, summary.first, summary.last) == (2, 1_323_435_000, 1_323_435_001)
    assert summary.notes == ["times were read as seconds since 1970", "columns that were not imported: Colour"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_says_what_separates_columns(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeffCode,At,Customer\r\na1,1323435000,7\r\n".replace(",", delimiter)

    assert converted(shop(tmp_path, text))[0][1] == "7,a1,purchase,1323435000,,,,"


def test_quoted_fields_and_packed_files_are_read(tmp_path: Path) -> None:
    text = 'Code,At,Customer\n"a, ""b""",1323435000,7\n'

    assert converted(shop(tmp_path, gzip.compress(text.encode())))[0][1] == '7,"a, ""b""",purchase,1323435000,,,,'


def test_the_brokers_own_probe_is_left_out_and_counted(tmp_path: Path) -> None:
    lines, _, summary = converted(shop(tmp_path, "Code,At,Customer\na,1323435000,broker-probe\na,1323435001,8\n"))

    assert lines == [HEADER, "8,a,purchase,1323435001,,,,"]
    assert summary.skipped == {"broker_probe": 1}


BAD_ROWS = [
    ("a1,1323435000", "broken_row"),
    ("a1,1323435000,7,8", "broken_row"),
    ('a1,1323435000,"7"8', "broken_row"),
    ("a1,never,7", "no_usable_time"),
    ("a1,1323435000000,7", "other_time_unit"),
    (f"{'x' * 257},1323435000,7", "id_too_long"),
    ("a\0b,1323435000,7", "id_with_control_character"),
    ('"a\nb",1323435000,7', "id_with_control_character"),
    ("\udcff,1323435000,7", "not_utf8"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
def test_a_row_that_cannot_be_read_is_named_by_its_line_and_stops_nothing(
    tmp_path: Path, row: str, reason: str
) -> None:
    text = f"Code,At,Customer\ngood,1323435000,1\n{row}\ngood,1323435001,2\n"
    lines, _, summary = converted(shop(tmp_path, text.encode("utf-8", "surrogateescape")))

    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2"]
    assert summary.bad == {reason: 1}
    assert summary.examples == [("file-1", 3, reason)]


def test_only_the_first_ten_bad_rows_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    _, _, summary = converted(shop(tmp_path, "Code,At,Customer\n" + "a\n" * 30))

    assert (summary.rows, summary.bad["broken_row"], len(summary.examples)) == (0, 30, 10)


def test_rows_of_nobody_are_left_out_by_reason_and_are_no_errors(tmp_path: Path) -> None:
    _, _, summary = converted(shop(tmp_path, "Code,At,Customer\na1,1323435000,\n ,1323435000,7\na1,1323435000,7\n"))

    assert (summary.rows, summary.skipped, summary.bad) == (1, {"no_user_id": 1, "no_item_id": 1}, {})


def test_users_with_two_are_counted_over_all_files(tmp_path: Path) -> None:
    first_file = "Code,At,Customer\na1,1323435000,7\n"
    _, _, summary = converted(shop(tmp_path, first_file, "Customer,Code,At\n7,a2,1323435001\n8,a2,1323435001\n"))

    assert (summary.users, summary.users_with_two) == (2, 1)


@pytest.mark.parametrize(
    ("text", "mapped", "message"),
    [
        ("Code,At\n", SHOP, "no column Customer; it has Code, At. Say which one is USER_ID"),
        ("At\n", SHOP, "no column Customer, Code; it has At. Say which ones are USER_ID, ITEM_ID"),
        ("Code,At,Customer\n", Mapped({"COLOR": "Code"}), "no column COLOR; it has USER_ID"),
        ("Code,At,Customer\n", Mapped({**SHOP.columns, "EVENT_VALUE": "Amount"}, SHOP.constants), "no column Amount"),
        ("Code,At,Customer\n", Mapped(SHOP.columns, {"EVENT_TYPE": ""}), "does not fit its type"),
        ("Code,At,Customer\n", Mapped(SHOP.columns, {"EVENT_TYPE": "x", "EVENT_VALUE": "y"}), "does not fit its type"),
    ],
)
def test_a_mapping_that_does_not_fit_says_what_there_is_instead(
    tmp_path: Path, text: str | bytes, mapped: Mapped, message: str
) -> None:
    with pytest.raises(MappingError, match=message) as refused:
        converted(shop(tmp_path, text, mapped=mapped))
    assert "\n" not in str(refused.value)


def test_a_torn_gzip_file_is_named(tmp_path: Path) -> None:
    torn = gzip.compress(b"Code,At,Customer\n" + b"a,1323435000,7\n" * 1000)[:-10]

    with pytest.raises(BadFile, match=r"file-1:\d+: the compressed file is cut off"):
        converted(shop(tmp_path, torn))


def test_dates_that_are_refused_are_explained_and_zones_only_where_there_were_times(tmp_path: Path) -> None:
    _, _, summary = converted(shop(tmp_path, "Code,At,Customer\na,12/1/2010 8:26,7\n"))
    assert [note.partition(":")[0] for note in summary.notes] == ["no_usable_time"]
    assert "ISO 8601" in summary.notes[0]

    _, _, summary = converted(shop(tmp_path, "Code,At,Customer\na,2010-12-01,7\n", time_unit="s"))
    assert summary.notes == ["times were read as seconds since 1970"]


USERS = "id,AGE,City,post\n1,31,Bonn,01234\n2,,Köln,50667\n"


def test_a_users_table_gets_a_schema_of_all_its_columns(tmp_path: Path) -> None:
    lines, schema, _ = converted(Plan("users", sources(tmp_path, USERS), None, Mapped({"USER_ID": "id"})))

    assert lines == ["USER_ID,AGE,CITY,POST", "1,31,Bonn,01234", "2,,Köln,50667"]
    assert [column.kind for column in schema.columns] == ["string", "long", "string", "string"]
    assert [column.nullable for column in schema.columns] == [False, True, False, False]


def test_columns_that_are_named_are_the_only_ones_taken(tmp_path: Path) -> None:
    mapped = Mapped({"USER_ID": "id", "TOWN": "City"})

    assert converted(Plan("users", sources(tmp_path, USERS), None, mapped))[0][:2] == ["USER_ID,TOWN", "1,Bonn"]
