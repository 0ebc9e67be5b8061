"""`./broker backfill --spark` gives the rows and the report of one process, on a real server of Spark Connect.

The server is Sail. It runs in a folder and an environment from which the project cannot be imported.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker.interactions import Rules
from click.testing import CliRunner

from bench.three_places.sail import Sail
from cli.__main__ import main
from cli.spark_conversion import CLIENT
from history_jobs import listing
from history_jobs.request import Request
from personalize_data.exports.settings import Conversion
from tests.history_jobs.made_up import exports, in_one_process, rows_of
from tests.personalize_data.conversions import INTERACTIONS, NOW
from tests.real_data import ROOT

# The second one has another name for the folder of rows.
TWO_VERSIONS = """
import io, json, sys, zipfile
from history_jobs.code_archive import code_archive
from history_jobs.request import Request
from history_jobs.spark import convert
from pyspark.sql import SparkSession

request, session = Request.from_json(json.load(sys.stdin)), SparkSession.builder.getOrCreate()
newer, packed = io.BytesIO(), zipfile.ZipFile(io.BytesIO(code_archive()))
with zipfile.ZipFile(newer, "w") as out:
    for name in packed.namelist():
        out.writestr(name, packed.read(name).replace(b'ROWS, REPORTS = "rows"', b'ROWS, REPORTS = "lines"'))
for code in (code_archive(), newer.getvalue()):
    convert(session, request, code)
"""


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the server, and return its address."""
    if not CLIENT.exists():
        pytest.skip("make spark has not installed Spark's client")
    with Sail(tmp_path_factory.mktemp("server")) as server:
        yield server.url


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 100 kB be the size of a part."""
    monkeypatch.setattr(listing.files_here, "__defaults__", (100_000,))


@pytest.mark.usefixtures("small")
def test_spark_gives_the_rows_and_the_report_of_one_process_and_again_the_same(spark: str, tmp_path: Path) -> None:
    folder, out = exports(tmp_path / "exports"), tmp_path / "out"
    rows, expected = in_one_process(folder)
    words = ["backfill", "--dry-run", "--json", "--spark", spark, "--out", str(out), str(folder)]

    for _ in range(2):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        assert sorted(path.name for path in out.iterdir()) == ["conversion.json", "reports", "rows"]
        assert rows_of([path.read_bytes().decode() for path in (out / "rows").iterdir()]) == rows
        said = json.loads(result.stdout)
        for name in ("rows", "users", "users_with_two", "first", "last", "skipped", "bad", "notes"):
            assert said[name] == expected.as_json()[name], name
        assert [tuple(example.values()) for example in said["examples"]] == expected.examples


def by_client(spark: str, *words: str, **options: Any) -> str:
    """Run a program beside Spark's client; return what it prints."""
    places = os.pathsep.join((str(ROOT), str(ROOT / "lambda_src")))
    environment = {**os.environ, "SPARK_REMOTE": spark, "PYTHONPATH": places}
    done = subprocess.run(  # noqa: S603 - our own programs
        [str(CLIENT), "-W", "ignore", *words], env=environment, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_job_to_submit_gives_the_same(spark: str, tmp_path: Path) -> None:
    folder, out, job = exports(tmp_path / "exports"), tmp_path / "out", tmp_path / "job.py"
    rows, expected = in_one_process(folder)
    words = ["backfill", "--dry-run", "--spark-job", str(job), "--out", str(out), str(folder)]
    assert CliRunner().invoke(main, words).exit_code == 0
    said = json.loads(by_client(spark, str(job), cwd=tmp_path))

    assert rows_of([path.read_bytes().decode() for path in (out / "rows").iterdir()]) == rows
    assert said == {name: expected.as_json()[name] for name in ("rows", "skipped", "bad", "notes")}


def test_a_server_that_knows_an_earlier_version_of_the_code_takes_the_newer_one(spark: str, tmp_path: Path) -> None:
    parts = next(listing.files_here(exports(tmp_path / "exports") / "5.jsonl")).parts
    request = Request(parts, Conversion(INTERACTIONS, Rules(), NOW), str(tmp_path / "out"), "any")
    by_client(spark, "-c", TWO_VERSIONS, input=json.dumps(request.as_json()))
    rows, lines = (tmp_path / "out" / name / "part-000000.csv" for name in ("rows", "lines"))
    assert lines.read_bytes() == rows.read_bytes()


@pytest.mark.usefixtures("small")
def test_rows_of_other_exports_do_not_stay_beside_those_of_these(spark: str, tmp_path: Path) -> None:
    folder, out = exports(tmp_path / "exports"), tmp_path / "out"
    words = ["backfill", "--dry-run", "--spark", spark, "--out", str(out), str(folder)]
    assert CliRunner().invoke(main, words).exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    (folder / "5.jsonl").unlink()
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 1
    refusal = f"Error: {out}: it holds another conversion: name another folder, or remove it"
    assert result.output.splitlines()[-1] == refusal
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_what_spark_says_is_said_in_one_line(spark: str, tmp_path: Path) -> None:
    export = exports(tmp_path / "exports") / "5.jsonl"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "rows").write_text("no folder")
    words = ["backfill", "--dry-run", "--spark", spark, "--out", str(tmp_path / "out"), str(export)]
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 1
    line = result.output.splitlines()[-1]
    assert line.startswith("Error: Spark: ")
    assert "FileExistsError" in line
    assert line.endswith(". Started again, this goes on with the parts that are not done")
