"""`./broker backfill --spark` gives the rows and the report of one process, on a real server of Spark Connect.

The server is Sail. It runs in a folder and an environment from which the project cannot be imported.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.three_places.sail import Sail
from cli.__main__ import main
from cli.spark_conversion import CLIENT
from history_jobs import listing
from tests.history_jobs.made_up import exports, in_one_process, rows_of


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the server, and return its address."""
    if not CLIENT.exists():
        pytest.skip("make spark has not installed Spark's client")
    with Sail(tmp_path_factory.mktemp("server")) as server:
        yield server.url


def test_spark_gives_the_rows_and_the_report_of_one_process_and_again_the_same(
    spark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = exports(tmp_path / "exports"), tmp_path / "out"
    rows, expected = in_one_process(folder)
    monkeypatch.setattr(listing.files_here, "__defaults__", (100_000,))
    words = ["backfill", "--dry-run", "--json", "--spark", spark, "--out", str(out), str(folder)]

    for _ in range(2):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        assert rows_of([path.read_bytes().decode() for path in (out / "rows").iterdir()]) == rows
        said = json.loads(result.stdout)
        for name in ("rows", "users", "users_with_two", "first", "last", "skipped", "bad", "notes"):
            assert said[name] == expected.as_json()[name], name
        assert [tuple(example.values()) for example in said["examples"]] == expected.examples


def test_what_spark_says_is_said_in_one_line(spark: str, tmp_path: Path) -> None:
    export = exports(tmp_path / "exports") / "5.jsonl"
    (tmp_path / "file").write_text("no folder")
    words = ["backfill", "--dry-run", "--spark", spark, "--out", str(tmp_path / "file"), str(export)]
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 1
    assert "Error: Spark: " in result.output
