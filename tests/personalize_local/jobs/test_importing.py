"""What is imported is what the files say; whatever is wrong in them is said with file and line."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest

from personalize_local.errors import JobFailed
from personalize_local.jobs import importing
from recommender_models.interactions import InteractionColumns
from tests.personalize_local.jobs.conftest import Bucket
from tests.personalize_local.jobs.schemas import FULL, ITEMS, PLAIN, USERS

HEADER = "USER_ID,ITEM_ID,TIMESTAMP\n"
FULL_HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,DEVICE\n"
ITEM_HEADER = "ITEM_ID,PRICE,GENRE,STOCK,NEW,CREATION_TIMESTAMP,TEXT\n"
TYPES = {PLAIN: "INTERACTIONS", FULL: "INTERACTIONS", ITEMS: "ITEMS", USERS: "USERS"}

Read = list[tuple[str, str, int, str | None, float | None]]


def run_import(bucket: Bucket, location: str, folder: Path, schema: str = PLAIN, **more: Any) -> dict[str, Any]:
    spec = {"dataset_type": TYPES[schema], "schema": schema, "data_location": location, "s3_endpoint": bucket.endpoint}
    return importing.run({**spec, **more}, folder)


def expect_failure(bucket: Bucket, content: bytes | str, folder: Path, schema: str = PLAIN, **more: Any) -> str:
    """Import a file that fails; return the reason, less the name of the file, which must open it."""
    location = bucket.put("data.csv", content)
    with pytest.raises(JobFailed) as failed:
        run_import(bucket, location, folder, schema, **more)
    reason = str(failed.value)
    assert "\n" not in reason
    assert location in reason
    return reason.removeprefix(f"{location}, ")


def interactions(folder: Path) -> Read:
    read = InteractionColumns.load(folder / "interactions")
    return [
        (
            read.user_ids[read.users[row]],
            read.item_ids[read.items[row]],
            int(read.times[row]),
            read.event_types[read.types[row]] if read.types[row] >= 0 else None,
            None if math.isnan(read.values[row]) else float(read.values[row]),
        )
        for row in range(len(read))
    ]


def records(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "records.json").read_text()))


def test_categorical_metadata_are_the_context_of_an_interaction(bucket: Bucket, tmp_path: Path) -> None:
    rows = "a,x,1,View,,,tv\na,y,2,View,,,\na,x,3,View,,,phone\na,y,4,View,,,tv\n"
    run_import(bucket, bucket.put("data.csv", FULL_HEADER + rows), tmp_path, FULL)
    contexts = [each.context for each in InteractionColumns.load(tmp_path / "interactions").rows()]
    tv, phone = '{"DEVICE":"tv"}', '{"DEVICE":"phone"}'
    assert contexts == [tv, "", phone, tv]


def test_interactions_come_as_columns_in_the_order_of_the_file(bucket: Bucket, tmp_path: Path) -> None:
    content = FULL_HEADER + "b,x,20,View,,,\na,y,10,Buy,1.5,x|y,phone\nb,y,0,View,-2e1,,\n"
    assert run_import(bucket, bucket.put("i.csv", content), tmp_path, FULL) == {"rows": 3}
    assert interactions(tmp_path) == [
        ("b", "x", 20, "View", None),
        ("a", "y", 10, "Buy", 1.5),
        ("b", "y", 0, "View", -20.0),
    ]


def test_without_event_types_and_values_there_are_none(bucket: Bucket, tmp_path: Path) -> None:
    run_import(bucket, bucket.put("i.csv", HEADER + "a,x,1\n"), tmp_path)
    assert interactions(tmp_path) == [("a", "x", 1, None, None)]


@pytest.mark.parametrize(
    ("content", "users"),
    [
        ("\ufeff" + HEADER + "ä,x,1\n", ["ä"]),
        (HEADER.replace("\n", "\r\n") + "a,x,1\r\nb,x,1\r\n", ["a", "b"]),
        (HEADER + '"a,b",x,1\n"say ""a""",x,1', ["a,b", 'say "a"']),
        (HEADER + '"a\nb",x,1\n\n\nc,x,1\n', ["a\nb", "c"]),
        (HEADER + "a\u2028b,x,1\n", ["a\u2028b"]),
        (HEADER + " a ,x,1\n", [" a "]),
    ],
)
def test_csv_is_read_as_it_is_written_elsewhere(bucket: Bucket, tmp_path: Path, content: str, users: list[str]) -> None:
    run_import(bucket, bucket.put("i.csv", content), tmp_path)
    assert [row[0] for row in interactions(tmp_path)] == users


def test_a_folder_is_read_whole_but_not_the_folders_below_it(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("in/2.csv", HEADER + "b,y,2\n")
    bucket.put("in/1.csv", HEADER + "a,x,1\n")
    bucket.put("in/", "")
    bucket.put("in/old/0.csv", "not read")
    bucket.put("inn.csv", "not read")
    for number, location in enumerate([bucket.at("in/"), bucket.at("in")]):
        folder = tmp_path / str(number)
        assert run_import(bucket, location, folder) == {"rows": 2}
        assert [row[0] for row in interactions(folder)] == ["a", "b"]


def test_the_whole_bucket_can_be_the_location(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("1.csv", HEADER + "a,x,1\n")
    assert run_import(bucket, bucket.at(""), tmp_path) == {"rows": 1}
    assert run_import(bucket, bucket.at("").rstrip("/"), tmp_path / "b") == {"rows": 1}


def test_items_come_with_values_of_their_types_and_the_last_row_of_an_id_wins(bucket: Bucket, tmp_path: Path) -> None:
    content = ITEM_HEADER + 'x,1.5,a|b,3,true,1700000000,\ny,,,-1,,0,\nx,2,c,4,False,5,"long,\ntext"\n'
    assert run_import(bucket, bucket.put("items.csv", content), tmp_path, ITEMS) == {"rows": 3}
    assert records(tmp_path) == {
        "ids": ["x", "y"],
        "columns": {
            "PRICE": [2.0, None],
            "GENRE": ["c", None],
            "STOCK": [4, -1],
            "NEW": [False, None],
            "CREATION_TIMESTAMP": [5, 0],
            "TEXT": ["long,\ntext", None],
        },
    }


def test_users_are_records_too(bucket: Bucket, tmp_path: Path) -> None:
    run_import(bucket, bucket.put("users.csv", "USER_ID,AGE,PLAN\na,31,gold|silver\n"), tmp_path, USERS)
    assert records(tmp_path) == {"ids": ["a"], "columns": {"AGE": [31], "PLAN": ["gold|silver"]}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "line 1: the file is empty; its first line must be USER_ID,ITEM_ID,TIMESTAMP"),
        ("\n" + HEADER, "line 1: it is blank, and must be the header"),
        ("1,2,3\n", "line 1: no header; the first line must be USER_ID,ITEM_ID,TIMESTAMP"),
        ("USER_ID,ITEM_ID\n", "line 1: the header must be USER_ID,ITEM_ID,TIMESTAMP; missing: TIMESTAMP"),
        (HEADER[:-1] + ",AGE\n", "line 1: the header must be USER_ID,ITEM_ID,TIMESTAMP; not in the schema: AGE"),
        (HEADER[:-1] + ",A\x1b[31m\n", "not in the schema: 'A\\x1b[31m'"),
        (HEADER[:-1] + ",USER_ID\n", "line 1: the header must be USER_ID,ITEM_ID,TIMESTAMP; twice: USER_ID"),
        ("ITEM_ID,USER_ID,TIMESTAMP\n", "line 1: the header must be USER_ID,ITEM_ID,TIMESTAMP; the order is another"),
        ("USER_ID,ITEM_ID,timestamp\n", "missing: TIMESTAMP; not in the schema: timestamp"),
        ('"USER_ID",ITEM_ID,TIMESTAMP\n', "line 1: the header must not contain quotes"),
        (HEADER + "a,x,1\na,x\n", "line 3: 2 values instead of 3"),
        (HEADER + "a,x,1,\n", "line 2: 4 values instead of 3"),
        (HEADER + "a,,1\n", "line 2: ITEM_ID is empty"),
        (HEADER + "a,x,\n", "line 2: TIMESTAMP is empty"),
        (HEADER + "a,x,1.5\n", "line 2: TIMESTAMP is not a whole number"),
        (HEADER + "a,x,1_0\n", "line 2: TIMESTAMP is not a whole number"),
        (HEADER + "a,x,²\n", "line 2: TIMESTAMP is not a whole number"),
        (HEADER + "a,x,٣\n", "line 2: TIMESTAMP is not a whole number"),
        (HEADER + "a,x, 1\n", "line 2: TIMESTAMP is not a whole number"),
        (HEADER + "a,x," + "9" * 5000, "line 2: TIMESTAMP is not a whole number"),
        (HEADER + "a,x,1700000000000\n", "line 2: TIMESTAMP must be epoch seconds; this looks like milliseconds"),
        (HEADER + "a,x,-1\n", "line 2: TIMESTAMP must be epoch seconds, not negative"),
        (HEADER + "a" * 257 + ",x,1\n", "line 2: USER_ID is longer than 256 characters"),
        (HEADER + 'a,x,1\n"b\nc",x,1\n"d\ne",x,\n', "line 5: TIMESTAMP is empty"),
        (HEADER + 'a,x,1\n"b,x,1\nc,x,1\n', "line 3: a quote is opened and never closed"),
        (HEADER + '"a"b,x,1\n', "line 2: a quote stands within a quoted value; it must be doubled"),
        (HEADER + "a,x,1\rb,x,1\n", "line 2: a carriage return stands within a row"),
        (HEADER + "a,x,1\nb\0,x,1\n", "line 3: a NUL byte"),
        (HEADER.encode() + b"a,x,1\n\xff,x,1\n", "line 3: not UTF-8"),
        ((HEADER + "a,x,1\n").encode("utf-16"), "line 1: not UTF-8"),
        (gzip.compress(HEADER.encode(), mtime=0), "line 1: the file is compressed with gzip; it must be plain CSV"),
        (HEADER + "a,x,1\n" + "b" * 140_000 + ",x,1\n", "line 3: a value is too long"),
        (HEADER + "a,x,1\n" + "b" * 1_100_000, "line 3: longer than 1048576 bytes"),
        (
            HEADER + "a,x,1\n" + '"' + "b,x,1\n" * 200_000,
            "line 3: a value is too long (perhaps a quote is never closed)",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(bucket: Bucket, tmp_path: Path, content: bytes | str, reason: str) -> None:
    assert reason in expect_failure(bucket, content, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("schema", "content", "reason"),
    [
        (FULL, FULL_HEADER + "a,x,1,,,,\n", "line 2: EVENT_TYPE is empty"),
        (FULL, FULL_HEADER + "a,x,1,View,nan,,\n", "line 2: EVENT_VALUE is not a number"),
        (FULL, FULL_HEADER + "a,x,1,View,1e39,,\n", "line 2: EVENT_VALUE is too large for the type float"),
        (FULL, FULL_HEADER + f"a,x,1,View,,{'i' * 1001},\n", "line 2: IMPRESSION is longer than 1000 characters"),
        (FULL, FULL_HEADER + f"a,x,1,View,,,{'d' * 1001}\n", "line 2: DEVICE is longer than 1000 characters"),
        (FULL, FULL_HEADER + "".join(f"a,x,1,T{n},,,\n" for n in range(8)), "line 9: EVENT_TYPE has more than 7"),
        (ITEMS, ITEM_HEADER + "x,1e999,,1,,1,\n", "line 2: PRICE is too large for the type double"),
        (ITEMS, ITEM_HEADER + "x,,,2147483648,,1,\n", "line 2: STOCK is too large for the type int"),
        (ITEMS, ITEM_HEADER + "x,,,1,yes,1,\n", "line 2: NEW is neither true nor false"),
        (ITEMS, ITEM_HEADER + "x,,,1,,1700000000000,\n", "CREATION_TIMESTAMP must be epoch seconds"),
        (ITEMS, ITEM_HEADER + ",,,1,,1,\n", "line 2: ITEM_ID is empty"),
        (USERS, "USER_ID,AGE,PLAN\na,1,\n", "line 2: PLAN is empty"),
    ],
)
def test_each_type_is_checked(bucket: Bucket, tmp_path: Path, schema: str, content: str, reason: str) -> None:
    assert reason in expect_failure(bucket, content, tmp_path, schema)


def test_too_few_rows_are_counted_over_all_files(bucket: Bucket, tmp_path: Path) -> None:
    assert "at least 1 rows; there are 0" in expect_failure(bucket, HEADER, tmp_path)
    bucket.put("in/1.csv", HEADER + "a,x,1\n")
    bucket.put("in/2.csv", HEADER + "b,x,1\n")
    with pytest.raises(JobFailed, match="at least 3 rows; there are 2"):
        run_import(bucket, bucket.at("in/"), tmp_path, minimum_rows=3)
    assert run_import(bucket, bucket.at("in/"), tmp_path, minimum_rows=2) == {"rows": 2}


def test_of_several_files_the_wrong_one_is_named(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("in/1.csv", HEADER + "a,x,1\n")
    bucket.put("in/2.csv", HEADER + "b,x\n")
    with pytest.raises(JobFailed, match=r"in/2\.csv, line 2"):
        run_import(bucket, bucket.at("in/"), tmp_path)


def test_no_value_of_the_file_is_in_a_reason(bucket: Bucket, tmp_path: Path) -> None:
    for content in ("jane@example.com,secret,secret\n", HEADER + "jane@example.com,x,secret\n"):
        reason = expect_failure(bucket, content, tmp_path)
        assert "jane" not in reason
        assert "secret" not in reason
