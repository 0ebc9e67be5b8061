"""Users for a batch, and its answers."""

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


@pytest.mark.parametrize("line", ['{"userId": 7}', '{"user": "7"}', "{broken"])
def test_a_line_that_names_nobody_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        batch.parse_users(["1", line])


def test_the_input_is_what_personalize_reads_and_what_we_read_ourselves() -> None:
    text = batch.input_text(['a"b', "ü"])

    assert batch.parse_users(text.splitlines()) == ['a"b', "ü"]


def test_answers_and_errors_stand_beside_their_user() -> None:
    lines = [
        '{"input":{"userId":"1"},"output":{"recommendedItems":["a"],"scores":[0.5]},"error":null}',
        '{"input":{"userId":"2"},"output":null,"error":"no such user"}',
    ]

    assert list(batch.answers(lines)) == [
        {"user": "1", "items": ["a"], "scores": [0.5], "error": None},
        {"user": "2", "items": [], "scores": [], "error": "no such user"},
    ]
