"""The values of a filter's parameters: on the command line, and line by line in a batch."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.__main__ import main
from tests.cli.test_commands import MAPPED, Broker, broker, endpoints, said, table  # noqa: F401 - fixtures

GENRES = ("Drama", "Comedy", "Salt, Pepper")
PRICES = "INCLUDE ItemID WHERE Items.PRICE = $P"


@pytest.fixture
def shop(broker: Broker, tmp_path: Path) -> Broker:  # noqa: F811
    """Return the command line of a broker with a model, and two filters; item iN costs N and a half, but the last."""
    items = tmp_path / "items.csv"
    rows = [f'i{number},"{GENRES[number % 3]}",{"" if number == 59 else f"{number}.5"}' for number in range(60)]
    items.write_text("\n".join(["ITEM_ID,GENRE,PRICE", *rows]))
    assert broker("backfill", table(tmp_path), *MAPPED).exit_code == 0
    assert broker("backfill", items, "--dataset", "items").exit_code == 0
    assert broker("train").exit_code == 0
    assert broker("filter", "cheap", PRICES).exit_code == 0
    assert broker("filter", "genres", "INCLUDE ItemID WHERE Items.GENRE IN ($G)").exit_code == 0
    return broker


def items(shop: Broker, *arguments: str) -> set[str]:
    """Return what c1 is recommended."""
    return {one["item"] for one in said(shop("recommend", "c1", "--num-results", "60", "--json", *arguments))["items"]}


def of_genres(*genres: int) -> set[str]:
    return {f"i{number}" for number in range(60) if number % 3 in genres}


def test_values_are_numbers_texts_and_lists_as_their_columns_want_them(shop: Broker, tmp_path: Path) -> None:
    assert items(shop, "--filter", "cheap", "--value", "P=3.5") == {"i3"}
    assert items(shop, "--filter", "genres", "--value", "G=Drama") == of_genres(0)
    assert items(shop, "--filter", "genres", "--value", "G=Drama,Comedy") == of_genres(0, 1)
    assert items(shop, "--filter", "genres", "--value", "G=Drama", "--value", 'G="Salt, Pepper"') == of_genres(0, 2)
    wrong: Mapping[str, tuple[str, ...]] = {
        "--value P: Items.PRICE is a number, and 'cheap' is none": ("cheap", "P=cheap"),
        "--value P: Items.PRICE is compared with one value, not 2": ("cheap", "P=1", "P=2"),
        "--value Q: the filter has no such parameter; it has P": ("cheap", "Q=1"),
        "--value P: must be KEY=VALUE": ("cheap", "P"),
    }
    for message, (name, *values) in wrong.items():
        given = [word for value in values for word in ("--value", value)]
        result = shop("recommend", "c1", "--filter", name, *given)
        assert (result.exit_code, message in result.stderr) == (2, True), result.stderr

    # Columns of the Items dataset stand beside the items, where they are asked for.
    only_i3 = ("--filter", "cheap", "--value", "P=3.5")
    [item] = said(shop("recommend", "c1", "--column", "GENRE", "--column", "PRICE", "--json", *only_i3))["items"]
    assert (item["item"], item["columns"]) == ("i3", {"GENRE": "Drama", "PRICE": "3.5"})
    shown = shop("recommend", "c1", "--column", "GENRE", *only_i3).stdout
    assert all(word in shown for word in ("GENRE", "Drama", "score"))
    assert "columns" not in said(shop("recommend", "c1", "--json"))["items"][0]
    unknown = shop("recommend", "c1", "--column", "COLOUR")
    assert (unknown.exit_code, "no column COLOUR" in unknown.stderr) == (1, True), unknown.stderr

    # Line by line in a batch: a line's own values go before those for all, and a wrong line fails alone.
    lines = [
        {"userId": "c1", "filterValues": {"P": "3.5"}},
        {"userId": "c1"},
        {"userId": "c2", "filterValues": {"P": '"3.5"'}},
        {"userId": "c3", "filterValues": {"P": 3.5}},
        {"userId": "c2"},
    ]
    users = tmp_path / "users.jsonl"
    users.write_text("\n".join(map(json.dumps, lines)))
    result = shop("batch", users, "--filter", "cheap", "--value", "P=4.5", "--json", "--out", tmp_path / "out")
    answers = {answer["line"]: answer for answer in map(json.loads, result.stdout.splitlines())}
    assert {line: answer["items"] for line, answer in answers.items()} == {
        1: ["i3"],
        2: ["i4"],
        3: [],
        4: [],
        5: ["i4"],
    }
    assert "expected a number, without quotes" in answers[3]["error"]
    assert '"filterValues" must be an object of texts' in answers[4]["error"]
    assert (result.exit_code, result.stderr.count("line 3: "), result.stderr.count("line 4: ")) == (1, 1, 1)
    text = shop("batch", users, "--filter", "cheap", "--value", "P=4.5")
    assert (text.exit_code, "3 of 5 lines answered" in text.stdout) == (1, True)
    unfiltered = shop("batch", users)
    assert (unfiltered.exit_code, "line 1 has filterValues: name their filter" in unfiltered.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"userId": "c1"}]', "users: is a JSON array: give JSON lines"),
        ('{"userId": 7}\n{broken', 'names no user, line 1: "userId" must be text'),
        ("", "names no user"),
    ],
)
def test_a_file_of_another_form_is_refused_before_anything_is_asked(tmp_path: Path, content: str, message: str) -> None:
    users = tmp_path / "users"
    users.write_text(content)
    result = CliRunner().invoke(main, ["batch", str(users)])

    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
