"""Files as people have them: what is wrong is said in one line, with the file and the line."""

import contextlib
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.data import attributes, list_files, log
from evaluation.diagnostics import lists
from personalize_data import conversion, csv_reader
from personalize_data.errors import BadFile
from personalize_data.schema import read_schema

HEAD = "USER_ID,ITEM_ID,TIMESTAMP\n"
GOOD = "u,i,1700000000\n"
TYPED = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n"
VIEW = "u,i,1700000000,view\n"
LONG = "x" * 200_000
ANOTHER_ID = "has blanks around it: an import takes it without them, so it would be another id"
MADE = "./broker prepare makes seconds of it"
ROUNDED = "which a spreadsheet has rounded: keep the column as text there, and export it again"
RECOMMENDED = {"input": {"userId": "u"}, "output": {"recommendedItems": ["i"], "scores": [1]}, "error": None}


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("\n" + HEAD + GOOD, 1, "it begins with an empty line; a CSV begins with a header"),
        ("USER_ID,USER_ID,ITEM_ID,TIMESTAMP\nu,v,i,1\n", 1, "the header names 'USER_ID' twice"),
        (
            "USER_ID,item,TIMESTAMP\nu,i,1\n",
            1,
            "no column ITEM_ID (there are: USER_ID, item, TIMESTAMP; ./broker prepare makes them of other tables)",
        ),
        (
            "USER_ID;ITEM_ID;TIMESTAMP\nu;i;1\n",
            1,
            "no column USER_ID and no ITEM_ID and no TIMESTAMP (there are: USER_ID;ITEM_ID;TIMESTAMP; ./broker prepare"
            " makes them of other tables); the columns are separated by ';', not by a comma",
        ),
        (HEAD + GOOD + "u,i\n", 3, "a broken row: 2 columns, where the header has 3"),
        (HEAD + GOOD + "u,i,1700000000,x\n", 3, "a broken row: 4 columns, where the header has 3"),
        (HEAD + GOOD + '"u,i,1700000000\n' + GOOD, 3, csv_reader.QUOTE),
        (
            HEAD.replace("\n", ",NOTE\n") + 'u,i,1700000000,"a\nb"\n' + "u,i,soon,\n",
            4,
            f"TIMESTAMP 'soon' is not a whole number of seconds since 1970: {MADE}",
        ),
        (
            HEAD + "u,i,1700000000000\n",
            2,
            f"TIMESTAMP 1700000000000 is in milliseconds; seconds since 1970 are needed: {MADE}",
        ),
        (
            HEAD + "u,i,1700000000000000000\n",
            2,
            f"TIMESTAMP 1700000000000000000 is in nanoseconds; seconds since 1970 are needed: {MADE}",
        ),
        (
            HEAD + "u,i,1700000000000000\n",
            2,
            f"TIMESTAMP 1700000000000000 is in microseconds; seconds since 1970 are needed: {MADE}",
        ),
        (HEAD + "u,i,40513\nu,j,40514\n", 2, f"TIMESTAMP 40513 is in Excel's day numbers: {MADE}"),
        (
            HEAD + "u,i,40513.3513889\n",
            2,
            "TIMESTAMP '40513.3513889' is not a whole number of seconds since 1970, but may be Excel's day numbers: "
            f"{MADE}",
        ),
        (
            HEAD + "u,i,1.7E+12\n",
            2,
            "TIMESTAMP '1.7E+12' is not a whole number of seconds since 1970: a spreadsheet has rounded it: " + MADE,
        ),
        (
            HEAD + GOOD + GOOD + "u,i,1700000000000\n",
            4,
            "TIMESTAMP is in mixed units: 1700000000000 looks like milliseconds, 1700000000 (line 2) like seconds",
        ),
        (HEAD + GOOD + "u,i,\n", 3, "no TIMESTAMP"),
        (HEAD + GOOD + "5.04E+18,i,1700000000\n", 3, f"USER_ID is '5.04E+18', {ROUNDED}"),
        (HEAD + GOOD + "u, i,1700000000\n", 3, f"ITEM_ID ' i' {ANOTHER_ID}"),
        (TYPED + VIEW + "u,i,1700000000,view \n", 3, f"EVENT_TYPE 'view ' {ANOTHER_ID}"),
        (HEAD + GOOD + "u,-5.04E+18,1700000000\n", 3, f"ITEM_ID is '-5.04E+18', {ROUNDED}"),
        (
            HEAD + "17850.0,i,1700000000\nv,i,1700000000\n17850,i,1700000001\n",
            2,
            "USER_ID is '17850.0', and '17850' in line 4, one id or two: write them in one way",
        ),
        (HEAD + GOOD + "u\0,i,1700000000\n", 3, r"USER_ID 'u\x00' holds a control character"),
        (HEAD + GOOD + '"u\nv",i,1700000000\n', 3, r"USER_ID 'u\nv' holds a control character"),
        (HEAD + GOOD + f"{LONG},i,1700000000\n", 3, "USER_ID has 200,000 characters; Personalize takes up to 256"),
        (TYPED + VIEW + "\nu,i,1700000000\n" + VIEW, 4, "a broken row: 3 columns, where the header has 4"),
        (TYPED + f'"a,\n{LONG}",i,1700000000,\n', 2, "USER_ID has 200,003 characters; Personalize takes up to 256"),
        (
            TYPED + f"u,i,1700000000,\nu,i,{'1' * 5000},\n",
            3,
            f"TIMESTAMP '{'1' * 40}'… is not a whole number of seconds since 1970: {MADE}",
        ),
        (HEAD, None, "there are no interactions in it"),
        ("", None, "it is empty"),
    ],
)
def test_broken_interactions_are_refused_with_file_and_line(
    content: str, line: int | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(content)
    with pytest.raises(BadFile) as error:
        log.read(path)
    assert str(error.value) == f"{path}{f':{line}' if line else ''}: {reason}"


def test_a_time_later_than_tomorrow_is_refused_as_backfill_leaves_it_out(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    now, tomorrow = 1_700_000_000, 1_700_000_000 + log.DAY
    path.write_text(HEAD + f"u,i,{now}\nv,i,{tomorrow}\n")
    assert len(log.read(path, now)) == 2
    with pytest.raises(BadFile) as error:
        log.read(path, now - 1)
    assert str(error.value) == f"{path}:3: TIMESTAMP {tomorrow} is in the future: 2023-11-15"
    path.write_text(HEAD + "u,i,1700000000000\n")
    with pytest.raises(BadFile, match="is in milliseconds"):
        log.read(path, now)


def test_a_long_value_is_not_blamed_for_the_fault_that_comes_after_it(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(HEAD.replace("\n", ",NOTE\n") + f"u,i,1700000000,{LONG}\n" + "u,i,soon,\n")
    with pytest.raises(BadFile, match=r"interactions.csv:3: TIMESTAMP 'soon' is not a whole number"):
        log.read(path)
    path.write_text(path.read_text().replace("soon", "1700000001"))
    assert len(log.read(path)) == 2
    assert csv.field_size_limit() < len(LONG)  # as it was, for others


def test_values_in_quotes_and_empty_ones_are_no_broken_rows(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    rows = '"u, the ""first""","i, j","1700000000",""\n"","","",""\n,,,\nv,i,1700000000,\n\n'
    path.write_text(TYPED + rows + "w,i,1700000000,view")
    interactions = log.read(path)
    assert interactions.rows.user_ids == ['u, the "first"', "v", "w"]
    assert (interactions.event_types, interactions.types.tolist()) == (["view"], [-1, -1, 0])


def test_a_short_row_is_found_behind_many_blocks_of_whole_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "BLOCK", 100)
    path = tmp_path / "interactions.csv"
    header = TYPED.replace("USER_ID", "NOTE,USER_ID")
    whole = "".join(f'"n\no",u{number},i,1700000000,\n' for number in range(200))
    path.write_text(header + whole)
    assert csv_reader.surely_even(path, columns=5)
    assert len(log.read(path)) == 200
    path.write_text(header + whole + "n,u,i,1700000000\n" + whole)
    assert not csv_reader.surely_even(path, columns=5)
    with pytest.raises(BadFile, match=r"interactions.csv:402: a broken row: 4 columns, where the header has 5"):
        log.read(path)


def test_quotes_within_a_value_make_no_row_short(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(HEAD.replace("\n", ",WIDE,HIGH,NOTE\n") + 'u,i,1700000000,5"x,6"x,\n')
    assert not csv_reader.surely_even(path, columns=6)  # can't tell; then it is read row by row
    assert len(log.read(path)) == 1


@pytest.mark.parametrize(
    "row",
    [
        *("u,i,1700000001,view", '"u","i","1700000001","buy"', " u,i,1700000000,view", "u\u2003,i,1700000000,view"),
        *("u,i,1700000000,view ", "u\x1f,i,1700000000,view", "u,i,1700000000", "u,i,1700000000,view,x", '"",i,1,view'),
        *("undefined,i,1700000000,view", "u, NaN ,1700000000,view", "5.04E+18,i,1700000000,view"),
        *("u,i,,view", "u,i,soon,view", f"{'u' * 256},i,1700000000,view", f"{'u' * 257},i,1700000000,view", "u,i,,"),
    ],
)
def test_a_row_is_taken_just_where_backfill_takes_it_as_it_stands(row: str, tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(TYPED + VIEW + row + "\n")
    out = io.StringIO()
    fields = [{"name": name, "type": "string"} for name in ("USER_ID", "ITEM_ID")]
    fields += [{"name": "TIMESTAMP", "type": "long"}, {"name": "EVENT_TYPE", "type": "string"}]
    schema = read_schema(json.dumps({"type": "record", "name": "Interactions", "fields": fields}), "interactions")
    with contextlib.suppress(BadFile):
        conversion.convert(conversion.Plan("interactions", [conversion.Source("x", path, "x")], schema), out, now=1.8e9)
    as_it_stands = out.getvalue() == TYPED + VIEW + row.replace('"', "") + "\n"
    try:
        taken = log.read(path).row_numbers.size == 2
    except BadFile as error:
        assert str(error).startswith(f"{path}:3: ")  # noqa: PT017 - the other rows raise nothing
        taken = False
    assert taken == as_it_stands


def cut(packed: bytes) -> bytes:
    return packed[: len(packed) // 2]


def damaged(packed: bytes) -> bytes:
    middle = len(packed) // 2
    return packed[:middle] + bytes(byte ^ 0xFF for byte in packed[middle : middle + 40]) + packed[middle + 40 :]


@pytest.mark.parametrize("harm", [cut, damaged])
def test_a_harmed_gzip_file_is_named_and_a_cut_one_with_the_line(
    harm: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    numbers = np.unique(np.random.default_rng(1).integers(0, 10**9, 4_000)).tolist()
    recommended = (json.dumps(RECOMMENDED | {"input": {"userId": str(number)}}) for number in numbers)
    readers: list[tuple[Callable[[Path], object], str]] = [
        (log.read, HEAD + "".join(f"{number},i,1700000000\n" for number in numbers)),
        (
            lambda path: attributes.read(path, "USER_ID"),
            "USER_ID,AGE\n" + "".join(f"u{number},30\n" for number in numbers),
        ),
        (list_files.read, "\n".join(recommended)),
    ]
    for read, content in readers:
        path = tmp_path / "file.gz"
        path.write_bytes(harm(gzip.compress(content.encode())))
        with pytest.raises(BadFile) as error:
            read(path)
        where, _, reason = str(error.value).rpartition(": ")
        assert reason == f"the compressed file is {'cut off' if harm is cut else 'broken'}"
        assert where.partition(":")[0] == str(path)
        if harm is cut:
            assert 1_000 < int(where.partition(":")[2]) < 3_000


def test_rows_are_sorted_each_counted_once_and_know_their_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv.gz"
    lines = "b,x,1700000005,view\na,y,1700000001,\n\nb,x,1700000005,view\nb,x,1700000005,buy\na,x,1700000000,view\n"
    path.write_bytes(gzip.compress(("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + lines).encode()))
    interactions = log.read(path)
    named = [
        (interactions.rows.user_ids[user], interactions.rows.item_ids[item], int(time))
        for user, item, time in zip(
            interactions.rows.users, interactions.rows.items, interactions.rows.times, strict=True
        )
    ]
    assert named == [("a", "x", 1700000000), ("a", "y", 1700000001), ("b", "x", 1700000005), ("b", "x", 1700000005)]
    assert interactions.row_numbers.tolist() == [5, 1, 4, 0]
    assert interactions.duplicates == 1
    assert interactions.is_type("view").tolist() == [True, False, False, True]


def test_the_brokers_own_probe_is_left_out_and_counted_and_moves_no_place(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\nbroker-probe,broker-probe,1700000000\na,x,1700000001\n")
    interactions = log.read(path)
    assert interactions.left_out == {"broker_probe": (1, 2)}
    assert (list(interactions.rows.user_ids), list(interactions.rows.item_ids)) == (["a"], ["x"])
    assert interactions.row_numbers.tolist() == [1]
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\nbroker-probe,x,1700000000\n")
    with pytest.raises(BadFile, match="no interactions"):
        log.read(path)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        *(
            (json.dumps(RECOMMENDED)[:size], "not a whole JSON object: the file seems to be cut off")
            for size in (1, 30, -30, -3, -1)
        ),
        ('{"input": "caf\udce9"}', "not UTF-8"),
        ('{"input": "a\0"}', "it holds a NUL character, which JSON can't"),
        ('{"input": ' + "9" * 5000 + "}", "it holds a number with too many digits"),
        ("[" * 100_000, "its brackets are nested too deeply"),
        ("fish", "not a whole JSON object"),
        ('{"input": \n' + "{}", "not a whole JSON object"),
        (json.dumps(RECOMMENDED | {"input": {}}), "no input.userId"),
        (json.dumps(RECOMMENDED | {"output": None, "input": {"userId": "v"}}), "no list output.recommendedItems"),
        (json.dumps(RECOMMENDED | {"input": {"userId": True}}), "input.userId is neither a text nor a whole number"),
        *(
            (
                json.dumps({"input": {"userId": "v"}, "output": {"recommendedItems": ["i", 7, wrong]}}),
                "item 3 of output.recommendedItems is neither a text nor a whole number",
            )
            for wrong in (True, None, 1.5)
        ),
        (json.dumps(RECOMMENDED), "user u comes a second time"),
    ],
)
def test_a_broken_line_of_recommendations_is_refused_with_its_number(second: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "users.json.out"
    path.write_text(json.dumps(RECOMMENDED) + "\n" + second, errors="surrogateescape")
    with pytest.raises(BadFile) as error:
        list_files.read(path)
    assert str(error.value) == f"{path}:2: {reason}"


def test_recommendations_in_another_kind_of_file_are_named(tmp_path: Path) -> None:
    path = tmp_path / "users.json.out"
    for content, kind in ((json.dumps([RECOMMENDED]).encode(), "a JSON array"), (b"PK\x03\x04", "a ZIP archive")):
        path.write_bytes(content)
        with pytest.raises(BadFile, match=f"this is {kind}; recommendations are JSON Lines"):
            list_files.read(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_line_with_an_error_is_a_user_without_a_list_and_told_from_one_without_a_line(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "users.json.out"  # packed or not, it is called so
    refused = {"input": {"userId": "v"}, "output": {}, "error": "no such user"}
    nothing = {"input": {"userId": "w"}, "output": {"recommendedItems": []}, "error": None}
    path.write_bytes(pack("".join(json.dumps(line) + "\n" for line in (RECOMMENDED, refused, nothing)).encode()))
    lists_by_user = list_files.read(path)
    assert lists_by_user == {"u": ["i"], "v": None, "w": []}
    fitted = list_files.fit(lists_by_user, users=["u", "v", "w", "x", "y"], items={"i": 0}, places=1)
    assert (fitted.users_without, fitted.refused, fitted.missing) == (4, 1, 2)
    assert lists.users_without_list(4, 5, fitted.refused, fitted.missing) == (
        "4 of 5 test users have no list, and count as misses: 2 have no line in the file, which may be cut off, "
        "1 has an error, 1 has an empty list"
    )


def test_lists_are_fitted_to_the_users_of_the_test_and_what_does_not_fit_is_counted() -> None:
    fitted = list_files.fit(
        {"u": ["a", "stranger", "a"], "nobody": ["a"]}, users=["t", "u"], items={"a": 0, "b": 1}, places=3
    )
    assert fitted.lists.tolist() == [[-1, -1, -1], [0, 2, -1]]
    assert (fitted.users_without, fitted.unknown_users, fitted.unknown_items, fitted.repeated) == (1, 1, 1, 1)


def test_attributes_are_numbers_where_a_whole_column_is(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("USER_ID,AGE,CITY\na,30,X\nb,,7\n")
    users = attributes.read(path, "USER_ID")
    assert users.columns == {"AGE": [30.0, None], "CITY": ["X", "7"]}


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("USER_ID,AGE,AGE\na,30,31\n", 1, "the header names 'AGE' twice"),
        ("USER_ID,AGE\na,30\nb\n", 3, "a broken row: 1 columns, where the header has 2"),
        ("USER_ID,AGE\na,30\n5.04E+18,31\n", 3, f"USER_ID is '5.04E+18', {ROUNDED}"),
        ("USER_ID,AGE\n17850.0,30\n17850,31\n", 3, "USER_ID 17850 comes more than once: line 2 has it, too"),
        ("USER_ID,AGE\na,30\nb ,31\n", 3, f"USER_ID 'b ' {ANOTHER_ID}"),
        ('USER_ID,NOTE\na,"x\ny"\n\nb,z\n"a",z\n', 6, "USER_ID a comes more than once: line 2 has it, too"),
    ],
)
def test_broken_attributes_are_refused_with_file_and_line(content: str, line: int, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(content)
    with pytest.raises(BadFile) as error:
        attributes.read(path, "USER_ID")
    assert str(error.value) == f"{path}:{line}: {reason}"


WORDS = ("undefined", "null", "NaN", "None", "[object Object]", "  ", "")


def test_rows_without_an_id_are_left_out_counted_and_the_first_is_named(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    rows = [f"{word},i,1700000000\nu,{word},1700000000\n" for word in WORDS]
    path.write_text(HEAD + GOOD + "".join(rows) + "nancy,null-object,1700000000\n\n")

    interactions = log.read(path)

    assert interactions.rows.user_ids == ["nancy", "u"]
    assert interactions.left_out == {"empty": (1, 18), "no_user_id": (7, 3), "no_item_id": (7, 4)}
    assert interactions.notes == [
        "1 empty rows left out, the first in line 18",
        "7 rows without a user (no_user_id) left out, the first in line 3",
        "7 rows without an item (no_item_id) left out, the first in line 4",
    ]


def test_a_column_of_ids_that_are_all_fractions_is_read_as_whole_numbers_and_said(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(HEAD + "17850.0,i,1700000000\nnan,i,1700000000\n9.0,a.0,1700000000\n")
    interactions = log.read(path)
    assert list(interactions.rows.user_ids) == ["17850", "9"]
    assert interactions.id_notes == ["USER_ID holds fractions: 17850.0 is written as 17850"]
    path.write_text(HEAD + "17850.0,i,1700000000\nv,i,1700000000\n")
    interactions = log.read(path)
    assert list(interactions.rows.user_ids) == ["17850.0", "v"]
    assert interactions.id_notes == ["USER_ID ends in .0 in 1 of 2 ids, as '17850.0': left as it is"]


@pytest.mark.parametrize("event_type", ["purchase", "Purchase"])
def test_a_purchase_of_less_than_nothing_is_a_return(event_type: str, tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    rows = f"u,i,1700000000,{event_type},-2.5\nu,j,1700000001,{event_type},-0.0\nu,k,1700000002,rate,-1\n"
    path.write_text(TYPED.replace("\n", ",EVENT_VALUE\n") + rows)
    interactions = log.read(path)
    assert (len(interactions), interactions.left_out) == (2, {"returns": (1, 2)})


def test_a_quote_that_hides_rows_is_named_by_the_line_where_it_opens(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    names = ['"7 INCH FRAME', "MUG", 'FRAME 7"', "CUP"]
    path.write_text("NAME," + HEAD + "".join(f"{name},u{n},i,170000000{n}\n" for n, name in enumerate(names)))
    with pytest.raises(BadFile) as error:
        log.read(path)
    assert (error.value.line, error.value.reason) == (2, csv_reader.QUOTE)


def test_users_without_an_id_are_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("USER_ID,AGE\n17.0,30\nnull,31\n,32\n,\n18.0,33\n")
    notes: list[str] = []
    assert attributes.read(path, "USER_ID", notes.append).ids == ["17", "18"]
    assert notes == [
        f"{path}: 1 empty rows left out, the first in line 5",
        f"{path}: 2 rows without a USER_ID left out, the first in line 3",
        f"{path}: USER_ID holds fractions: 17.0 is written as 17",
    ]


def test_another_kind_of_file_is_named_with_what_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"  # whatever it is called
    path.write_text('{"USER_ID": "u"}\n{"USER_ID": "v"}\n')
    for read in (log.read, lambda path: attributes.read(path, "USER_ID")):
        with pytest.raises(BadFile, match=r"this is JSON Lines: \./broker prepare makes a CSV of it"):
            read(path)
    path.write_text("1,2014-04-02T10:54:00.000Z,214500004,0\n")
    with pytest.raises(BadFile, match=r"the first line looks like data: \./broker prepare --columns"):
        log.read(path)


def test_an_empty_attribute_is_empty_in_quotes_too(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text('"USER_ID","AGE"\n"a","30"\n"b",""\n"",""\n')
    assert attributes.read(path, "USER_ID").columns == {"AGE": [30.0, None]}
