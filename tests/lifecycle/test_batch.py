"""Users for a batch, and its answers."""

import json

import pytest

from lifecycle import batch


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("1\n2\n\n 1 \n", ["1", "2"]),
        ("\ufeffUSER_ID\n7\n", ["7"]),
        ("7\nuser\n", ["7", "user"]),
        ('{"userId": "7"}\n{"userId": "8"}\n', ["7", "8"]),
        ('"USER_ID"\n"7"\n"a, ""b"""\n', ["7", 'a, "b"']),
        ("auth0|7\na b\n", ["auth0|7", "a b"]),
        ("", []),
    ],
)
def test_users_are_one_a_line_or_json_lines_each_once(text: str, users: list[str]) -> None:
    assert batch.parse_users(text.splitlines()) == users


@pytest.mark.parametrize("line", ["7,DE", "7;DE", "7\tDE", '"7","DE"', ",7"])
def test_a_table_of_several_columns_is_no_list_of_users(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 has several columns"):
        batch.parse_users(["1", line])


@pytest.mark.parametrize(
    "text", ['[{"userId": "1"}]', '[\n  {"userId": "1"},\n  {"userId": "2"}\n]', '["1", "2"]', "[1]", "[]", "[\n"]
)
def test_a_json_array_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ValueError, match="is a JSON array: give JSON lines"):
        batch.parse_requests(text.split("\n"))


def test_an_id_that_begins_with_a_bracket_is_an_id() -> None:
    assert batch.parse_users(["[old] 7"]) == ["[old] 7"]


VALUES = {"P": "3.5", "G": '"a","b"'}


def test_a_lines_values_go_to_the_job_as_they_are_and_before_those_for_all() -> None:
    lines = [json.dumps({"userId": "1", "filterValues": VALUES}), '{"userId": "2"}', '{"userId": "1"}']
    requests = batch.parse_requests(lines)

    assert requests.by_line == {1: {"userId": "1", "filterValues": VALUES}, 2: {"userId": "2"}, 3: {"userId": "1"}}
    assert [json.loads(line) for line in requests.with_values({"P": "1"}).input_text.splitlines()] == [
        {"userId": "1", "filterValues": VALUES},
        {"userId": "2", "filterValues": {"P": "1"}},
        {"userId": "1", "filterValues": {"P": "1"}},
    ]
    assert requests.with_values({}).input_text.splitlines()[1:] == lines[1:]


@pytest.mark.parametrize(
    "line",
    [
        '{"userId": 7}',
        '{"userId": ""}',
        '{"user": "7"}',
        "{broken",
        "7",
        '["7"]',
        '{"userId": "7", "filterValues": {"P": 3.5}}',
        '{"userId": "7", "filterValues": "P"}',
    ],
)
def test_a_wrong_line_of_json_is_kept_apart_and_a_list_of_users_must_have_none(line: str) -> None:
    lines = ['{"userId": "1"}', line, '{"userId": "2"}']
    requests = batch.parse_requests(lines)

    assert (list(requests.by_line), list(requests.wrong), len(requests)) == ([1, 3], [2], 3)
    with pytest.raises(ValueError, match="line 2: "):
        batch.parse_users(lines)


def test_the_input_is_what_personalize_reads_and_what_we_read_ourselves() -> None:
    text = batch.parse_requests(['"a""b"', "ü"]).input_text

    assert batch.parse_users(text.splitlines()) == ['a"b', "ü"]


def test_each_answer_has_its_line_and_every_line_an_answer_or_an_error() -> None:
    lines = [
        '{"userId": "1", "filterValues": {"P": "1"}}',
        '{"userId": "1", "filterValues": {"P": "2"}}',
        "{broken",
        '{"userId": "2"}',
        '{"userId": "3"}',
    ]
    output = [
        '{"input":{"userId":"1","filterValues":{"P":"2"}},"output":{"recommendedItems":["b"]},"error":null}',
        '{"input":{"userId":"1","filterValues":{"P":"1"}},"output":{"recommendedItems":["a"],"scores":[0.5]},"error":null}',
        '{"input":{"userId":"2"},"output":null,"error":"line 3: no such user"}',
    ]

    nothing = {"items": [], "scores": []}
    assert list(batch.answers(batch.parse_requests(lines), output)) == [
        {"line": 2, "user": "1", "items": ["b"], "scores": [], "error": None},
        {"line": 1, "user": "1", "items": ["a"], "scores": [0.5], "error": None},
        {"line": 4, "user": "2", **nothing, "error": "no such user"},
        {"line": 3, "user": None, **nothing, "error": 'no JSON object with a "userId"'},
        {"line": 5, "user": "3", **nothing, "error": "Personalize gave no answer"},
    ]
