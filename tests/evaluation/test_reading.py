"""Files as people have them: what is wrong is said in one line, with the file and the line."""

import gzip
import json
from pathlib import Path

import pytest

from evaluation.data import attributes, list_files, log
from evaluation.failure import BadFile

HEAD = "USER_ID,ITEM_ID,TIMESTAMP\n"
GOOD = "u,i,1700000000\n"
RECOMMENDED = {"input": {"userId": "u"}, "output": {"recommendedItems": ["i"], "scores": [1]}, "error": None}


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("USER_ID,item,TIMESTAMP\nu,i,1\n", 1, "no column ITEM_ID (there are: USER_ID, item, TIMESTAMP)"),
        (HEAD + GOOD + "u,i\n", 3, "a broken row: 2 columns, where the header has 3"),
        (HEAD + GOOD + "u,i,1700000000,x\n", 3, "a broken row: 4 columns, where the header has 3"),
        (HEAD + GOOD + '"u,i,1700000000\n' + GOOD, 3, "a broken row (unexpected end of data)"),
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


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_bytes((HEAD + GOOD).encode() + b"\xff\xfe,i,1700000000\n")
    with pytest.raises(BadFile, match=r"interactions.csv:3: not UTF-8"):
        log.read(path)


def test_rows_are_sorted_each_counted_once_and_know_their_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv.gz"
    lines = "b,x,1700000005,view\na,y,1700000001,\n\nb,x,1700000005,view\nb,x,1700000005,buy\na,x,1700000000,view\n"
    path.write_bytes(gzip.compress(("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + lines).encode()))
    found = log.read(path)
    named = [
        (found.rows.user_ids[user], found.rows.item_ids[item], int(time))
        for user, item, time in zip(found.rows.users, found.rows.items, found.rows.times, strict=True)
    ]
    assert named == [("a", "x", 1700000000), ("a", "y", 1700000001), ("b", "x", 1700000005), ("b", "x", 1700000005)]
    assert found.places.tolist() == [5, 1, 4, 0]
    assert found.duplicates == 1
    assert found.of_type("view").tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (json.dumps(RECOMMENDED)[:30], "not a whole JSON object: the file seems to be cut off"),
        ('{"input": \n' + "{}", "not a whole JSON object"),
        (json.dumps(RECOMMENDED | {"input": {}}), "no input.userId"),
        (json.dumps(RECOMMENDED | {"output": None, "input": {"userId": "v"}}), "no list output.recommendedItems"),
        (json.dumps(RECOMMENDED), "user u comes a second time"),
    ],
)
def test_a_broken_line_of_recommendations_is_refused_with_its_number(second: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "users.json.out"
    path.write_text(json.dumps(RECOMMENDED) + "\n" + second)
    with pytest.raises(BadFile) as error:
        list_files.read(path)
    assert str(error.value) == f"{path}:2: {reason}"


def test_a_line_with_an_error_is_a_user_without_a_list(tmp_path: Path) -> None:
    path = tmp_path / "users.json.out"
    refused = {"input": {"userId": "v"}, "output": {}, "error": "no such user"}
    path.write_text(json.dumps(RECOMMENDED) + "\n" + json.dumps(refused) + "\n")
    assert list_files.read(path) == {"u": ["i"], "v": []}


def test_lists_are_fitted_to_the_users_of_the_test_and_what_does_not_fit_is_counted() -> None:
    found = list_files.fit(
        {"u": ["a", "stranger", "a"], "nobody": ["a"]}, users=["t", "u"], items={"a": 0, "b": 1}, places=3
    )
    assert found.lists.tolist() == [[-1, -1, -1], [0, 2, -1]]
    assert (found.users_without, found.unknown_users, found.unknown_items, found.repeated) == (1, 1, 1, 1)


def test_attributes_are_numbers_where_a_whole_column_is(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("USER_ID,AGE,CITY\na,30,X\nb,,7\n")
    found = attributes.read(path, "USER_ID")
    assert found.columns == {"AGE": [30.0, None], "CITY": ["X", "7"]}
    path.write_text("USER_ID,AGE\na,30\na,31\n")
    with pytest.raises(BadFile, match="USER_ID a comes more than once"):
        attributes.read(path, "USER_ID")
