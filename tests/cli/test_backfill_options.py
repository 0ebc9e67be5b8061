"""The options by which `backfill` reads a table: each reaches the conversion, and wrong ones are refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.backfill import command

CSV = "4;a|b;01;2,5\n5;c;02;2,5\n"


def backfill(path: Path, *options: str) -> Result:
    mapping = ("--column", "USER_ID=u", "--column", "ITEM_ID=i", "--constant", "TIMESTAMP=2024-01-01")
    return CliRunner().invoke(command, [str(path), "--dry-run", "--json", *mapping, *options])


def summary(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_every_option_reaches_the_conversion(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(CSV.encode("utf-16"))
    options = ["--columns", "u, i,x,amount", "--encoding", "utf16", "--split", "|", "--decimal", ","]
    read = summary(backfill(path, *options, "--column", "EVENT_VALUE=amount", "--constant", "EVENT_TYPE=buy"))
    assert (read["rows"], read["users"], read["bad"]) == (3, 2, {})
    assert read["notes"][-1] == "columns that were not imported: x"


def test_what_can_have_no_effect_or_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(CSV)
    for options, message in (
        (("--encoding", "klingon"), "'klingon' is no encoding that is known"),
        (("--encoding", "hex"), "'hex' is no encoding of text"),
        (("--columns", "a,,b"), "'a,,b' must be different names"),
        (("--columns", "a,a"), "'a,a' must be different names"),
        (("--split", " "), "it must not be blank"),
        (("--decimal", ";"), "';' is not one of"),
    ):
        result = backfill(path, *options)
        assert result.exit_code == 2
        assert message in result.stderr


@pytest.mark.parametrize("dataset", ["users", "items"])
def test_split_goes_with_interactions(dataset: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("USER_ID,ITEM_ID,A\nu,i,1\n")
    result = CliRunner().invoke(command, [str(path), "--dry-run", "--dataset", dataset, "--split", "|"])
    assert result.exit_code == 2
    assert "--split goes with interactions" in result.stderr
