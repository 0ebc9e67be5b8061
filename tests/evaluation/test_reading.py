"""Files as people have them: what is wrong is said in one line, with the file and the line."""

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
        (HEAD + GOOD + "u,i\n", 3, "a broken row: 2 columns, where the header has 3"),
        (HEAD + GOOD + "u,i,1700000000,x\n", 3, "a broken row: 4 columns, where the header has 3"),
        (HEAD + GOOD + '"u,i,1700000000\n' + GOOD, 3, csv_reader.QUOTE),
        (HEAD + GOOD + "u,,1700000000\n", 3, "no ITEM_ID"),
        (
            HEAD + '"u\nv",i,1700000000\n' + "u,i,soon\n",
            4,
            "TIMESTAMP 'soon' is not a whole number of seconds since 1970",
        ),
        (HEAD + "u,i,1700000000000\n", 2, "TIMESTAMP 1700000000000 is in milliseconds; seconds since 1970 are needed"),
        (
            HEAD + GOOD + GOOD + "u,i,1700000000000\n",
            4,
            "TIMESTAMP is in mixed units: 1700000000000 looks like milliseconds, 1700000000 (line 2) like seconds",
        ),
        (HEAD + GOOD + '"",i,1700000000\n', 3, "no USER_ID"),
        (HEAD + ",,\n" + '"","",""\n' + "u,,1700000000\n", 4, "no ITEM_ID"),
        (HEAD + GOOD + "u,   ,1700000000\n", 3, "no ITEM_ID"),
        (HEAD + GOOD + "u, i,1700000000\n", 3, f"ITEM_ID ' i' {ANOTHER_ID}"),
        (TYPED + VIEW + "u,i,1700000000,view \n", 3, f"EVENT_TYPE 'view ' {ANOTHER_ID}"),
        (HEAD + GOOD + "u\0,i,1700000000\n", 3, r"USER_ID 'u\x00' holds a NUL character"),
        (HEAD + GOOD + f"{LONG},i,1700000000\n", 3, "USER_ID has 200,000 characters; Personalize takes up to 256"),
        (TYPED + VIEW + "\nu,i,1700000000\n" + VIEW, 4, "a broken row: 3 columns, where the header has 4"),
        (TYPED + f'"a,\n{LONG}",i,1700000000,\n', 2, "USER_ID has 200,003 characters; Personalize takes up to 256"),
        (
            TYPED + f"u,i,1700000000,\nu,i,{'1' * 5000},\n",
            3,
            f"TIMESTAMP '{'1' * 40}'… is not a whole number of seconds since 1970",
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
    rows = '"u, the ""first""","i\nj","1700000000",""\n"","","",""\n,,,\nv,i,1700000000,\n\n'
    path.write_text(TYPED + rows + "w,i,1700000000,view")
    interactions = log.read(path)
    assert interactions.rows.user_ids == ['u, the "first"', "v", "w"]
    assert (interactions.event_types, interactions.types.tolist()) == (["view"], [-1, -1, 0])


def test_a_short_row_is_found_behind_many_blocks_of_whole_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "BLOCK", 100)
    path = tmp_path / "interactions.csv"
    whole = "".join(f'"u\n{number}",i,1700000000,\n' for number in range(200))
    path.write_text(TYPED + whole)
    assert csv_reader.surely_even(path, columns=4)
    assert len(log.read(path)) == 200
    path.write_text(TYPED + whole + "u,i,1700000000\n" + whole)
    assert not csv_reader.surely_even(path, columns=4)
    with pytest.raises(BadFile, match=r"interactions.csv:402: a broken row: 3 columns, where the header has 4"):
        log.read(path)


def test_quotes_within_a_value_make_no_row_short(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(HEAD.replace("\n", ",WIDE,HIGH,NOTE\n") + 'u,i,1700000000,5"x,6"x,\n')
    assert not csv_reader.surely_even(path, columns=6)  # can't tell; then it is read row by row
    assert len(log.read(path)) == 1


@pytest.mark.parametrize(
    "row",
    [
        *("u,i,1700000000,view", '"u","i","1700000000",""', " u,i,1700000000,view", "u\u2003,i,1700000000,view"),
        *("u,i,1700000000,view ", "u\x1f,i,1700000000,view", "u,i,1700000000", "u,i,1700000000,view,x", '"",i,1,view'),
        *("u,i,,view", "u,i,soon,view", f"{'u' * 256},i,1700000000,view", f"{'u' * 257},i,1700000000,view", "u,i,,"),
    ],
)
def test_a_row_is_taken_just_where_backfill_takes_it_as_it_stands(row: str, tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_text(TYPED + VIEW + row + "\n")
    out = io.StringIO()
    fields = [{"name": name, "type": "string"} for name in ("USER_ID", "ITEM_ID")]
    fields += [{"name": "TIMESTAMP", "type": "long"}, {"name": "EVENT_TYPE", "type": ["null", "string"]}]
    schema = read_schema(json.dumps({"type": "record", "name": "Interactions", "fields": fields}), "interactions")
    conversion.convert(conversion.Plan("interactions", [conversion.Source("x", path, "x")], schema), out, now=1.8e9)
    as_it_stands = out.getvalue() == TYPED + VIEW + row.replace('"', "") + "\n"
    try:
        taken = bool(log.read(path).row_numbers.size)
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
    assert (interactions.probes, list(interactions.rows.user_ids), list(interactions.rows.item_ids)) == (
        1,
        ["a"],
        ["x"],
    )
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
        ('USER_ID,AGE\na,30\n"",31\n', 3, "no USER_ID"),
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


def test_an_empty_attribute_is_empty_in_quotes_too(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text('"USER_ID","AGE"\n"a","30"\n"b",""\n"",""\n')
    assert attributes.read(path, "USER_ID").columns == {"AGE": [30.0, None]}
