"""Words that programs write where there is no value: no id of anybody, whatever the case."""

from pathlib import Path

import polars as pl
import pytest
from broker.values.ids import NO_ID_WORDS

from tests.personalize_data.prepare.prepared import prepare, run, table, written

LOG = ("--user", "who", "--item", "item", "--time", "at", "--event-type", "view")
BANK = ("--user", "who", "--month", "at", "--product", "p_*")


def log(folder: Path, *pairs: tuple[str, str]) -> Path:
    return table(folder, "who;item;at\n" + "".join(f"{user};{item};2024-01-01T10:00:00\n" for user, item in pairs))


@pytest.mark.parametrize("word", sorted({*NO_ID_WORDS, "Undefined", " NULL ", "None", "NaN"}))
def test_a_word_is_no_id(tmp_path: Path, word: str) -> None:
    file = log(tmp_path, ("ann", "a"), (word, "b"), ("bob", word))
    result = run("events", file, *LOG, "--dry-run")
    assert result.exit_code == 2
    assert f":3: who is {word.strip()!r}, which stands for nothing: --impute who=drop leaves" in result.stderr
    summary = prepare("events", file, *LOG, "--impute", "who=drop", "--impute", "item=drop")
    assert [row["USER_ID"] for row in written(file, "interactions.csv")] == ["ann"]
    assert summary["fill"]["dropped"] == {"who": 1, "item": 1}
    assert summary["notes"][:2] == [
        f"who has a word for a missing value in 1 rows, the first {word.strip()!r} in line 3",
        f"item has a word for a missing value in 1 rows, the first {word.strip()!r} in line 4",
    ]


def test_a_word_within_an_id_is_part_of_it(tmp_path: Path) -> None:
    file = log(tmp_path, ("nullius", "n/a-1"), ("anna", "undefined_2"))
    summary = prepare("events", file, *LOG)
    assert (summary["users"], summary["items"]) == (2, 2)


def test_a_value_can_be_put_in_place_of_a_word(tmp_path: Path) -> None:
    file = log(tmp_path, ("undefined", "a"))
    prepare("events", file, *LOG, "--impute", "who=guest")
    assert [row["USER_ID"] for row in written(file, "interactions.csv")] == ["guest"]


def test_nan_in_a_parquet_column_of_fractions_is_a_word_too(tmp_path: Path) -> None:
    file = tmp_path / "log.parquet"
    frame = {"who": [17850.0, float("nan")], "item": ["a", "b"], "at": [1700000000, 1700000001]}
    pl.DataFrame(frame).write_parquet(file)
    assert "row 2: who is 'NaN', which stands for nothing" in run("events", file, *LOG, "--dry-run").stderr
    prepare("events", file, *LOG, "--impute", "who=drop")
    assert [row["USER_ID"] for row in written(file, "interactions.csv")] == ["17850"]


def test_customers_and_products_of_an_ownership_table_follow_the_same_rule(tmp_path: Path) -> None:
    file = table(tmp_path, "who,at,p_a\nann,2016-01,1\nNone,2016-01,1\n")
    assert ":3: who is 'None', which stands for nothing" in run("ownership", file, *BANK, "--dry-run").stderr
    assert prepare("ownership", file, *BANK, "--impute", "who=drop")["users"] == 1
    wide = table(tmp_path, "who,at,null\nann,2016-01,1\n")
    result = run("ownership", wide, *BANK[:4], "--product", "null", "--dry-run")
    assert "--product: the name of a column, which is the product's id, is 'null'" in result.stderr
