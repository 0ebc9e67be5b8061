"""`./broker features`: a table, JSON, a plot and the schema of what was chosen; or one line of what is wrong."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.__main__ import main
from personalize_data.schema import read_schema
from tests.evaluation.features.shoppers import write
from tests.json_numbers import rounded

FAST = ("--models", "2", "--permutations", "1", "--rows", "900")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write(tmp_path_factory.mktemp("shop"), users=300)


def features(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["features", *map(str, arguments)], catch_exceptions=False)


def test_the_chosen_become_a_schema_that_an_import_takes_and_all_become_a_plot(
    shop: tuple[Path, Path], tmp_path: Path
) -> None:
    schema, plot = tmp_path / "users.avsc", tmp_path / "plot.svg"
    result = features(*shop, *FAST, "--schema", schema, "--plot", plot, "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert rounded(report) == []
    assert report["chosen"] == ["REGION"]
    assert report["attributes"][0]["name"] == "REGION"
    assert [column.name for column in read_schema(schema.read_text(), "users").columns] == ["USER_ID", "REGION"]
    assert all(name in plot.read_text() for name in ("REGION", "COIN", "LUCK", "LETTER"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plot.svg", "users.avsc"]


def test_as_many_are_chosen_as_asked_for_the_highest_first(shop: tuple[Path, Path], tmp_path: Path) -> None:
    schema = tmp_path / "users.avsc"
    result = features(*shop, *FAST, "--top", "2", "--schema", schema)
    assert result.exit_code == 0
    names = [column.name for column in read_schema(schema.read_text(), "users").columns]
    assert (len(names), names[1]) == (3, "REGION")
    assert "inconclusive" in result.stdout


def test_groups_of_items_can_be_predicted_instead(shop: tuple[Path, Path], tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text(
        "ITEM_ID,KIND\n" + "".join(f"item-{place},{'odd' if place % 2 else 'even'}\n" for place in range(8))
    )
    result = features(*shop, *FAST, "--items", items, "--group", "KIND", "--json")
    assert sorted(json.loads(result.stdout)["groups"]) == ["even", "odd"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--group", "KIND"), "--group goes with --items"),
        (("--categorical", "AGE"), "has no such column (there are: REGION, COIN, LUCK, LETTER)"),
        (("--target", "buy"), "no interaction has the type buy"),
        (("--plot", "plot.pdf"), "must end in .svg or .png"),
    ],
)
def test_wrong_use_is_one_line(shop: tuple[Path, Path], options: tuple[str, ...], message: str) -> None:
    result = features(*shop, *FAST, *options)
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_a_file_that_is_read_or_cannot_be_written_is_refused_at_once(shop: tuple[Path, Path], tmp_path: Path) -> None:
    before = [path.read_bytes() for path in shop]
    missing, plot = tmp_path / "nowhere" / "f.avsc", tmp_path / "f.svg"
    plot.symlink_to(shop[0])
    for options, why in (
        (("--schema", shop[1]), "this file is read, too"),
        (("--plot", plot), "this file is read, too"),
        (("--schema", missing, "--plot", tmp_path / "g.svg"), f"--schema {missing}: there is no folder"),
    ):
        result = features(*shop, *options)
        assert result.exit_code == 2
        assert why in result.stderr
        assert "reading" not in result.stderr
    assert [path.read_bytes() for path in shop] == before
    assert [path.name for path in tmp_path.iterdir()] == ["f.svg"]
