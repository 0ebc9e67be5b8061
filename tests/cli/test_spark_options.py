"""The options by which `backfill` lets Spark convert; a job to submit has all of them, for its owner alone."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import click
import pytest
from broker.interactions import Rules
from broker.suppression import SuppressionList
from click.testing import CliRunner

from cli import spark_conversion
from cli.backfill import command
from cli.progress import WaitDisplay
from cli.spark_conversion import SparkConversion, SparkOptions
from history_jobs.listing import files_here
from history_jobs.request import Request
from personalize_data.exports.users import KEPT_OF_PART
from personalize_data.plan import Plan
from personalize_data.table import MappingError
from tests.history_jobs.folder_s3 import FolderS3
from tests.personalize_data.conversions import INTERACTIONS

LINE = b'{"events": []}\n'


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "bucket" / "export"
    path.parent.mkdir()
    path.write_bytes(2 * LINE)
    return path


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--spark", "sc://host", "--spark-job", "job.py", "--out", "s3://bucket/out"], "give one of them"),
        (["--spark", "sc://host"], "--out says where Spark writes the rows"),
        (["--spark-job", "job.py", "--dry-run"], "--out says where Spark writes the rows"),
        (["--out", "s3://bucket/out", "--dry-run"], "--out says where Spark writes the rows"),
        (["--spark", "sc://host", "--out", "/shared/out"], "Personalize imports from S3, and not from --out"),
        (["--spark", "sc://host", "--out", "/shared/out", "--dry-run"], "make spark installs it"),
        (["--spark-job", "job.py", "--out", "s3://bucket/out", "--dry-run", "gone"], "gone is not there"),
        (
            ["--spark-job", "job.py", "--out", "s3://bucket/out", "--dry-run", "--dataset", "users"],
            "Spark converts mParticle's exports",
        ),
    ],
)
def test_options_that_do_not_fit_together_are_refused(
    export: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], reason: str
) -> None:
    monkeypatch.setattr(spark_conversion, "CLIENT", export / "no client")
    result = CliRunner().invoke(command, [str(export), *options])
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())


def test_files_are_here_or_in_s3(export: Path) -> None:
    s3 = FolderS3(export.parents[1])
    listed = SparkOptions().files(["s3://bucket/export", str(export)], lambda: s3)
    assert [file.location for file in listed] == ["s3://bucket/export", str(export)]
    with pytest.raises(click.UsageError, match="gone is not there"):
        list(SparkOptions().files(["gone"], lambda: s3))


def test_a_job_is_asked_what_the_command_was_asked_and_only_its_owner_reads_it(export: Path, tmp_path: Path) -> None:
    files, job = list(files_here(export, len(LINE))), tmp_path / "job.py"
    suppressed = SuppressionList(b"key").with_users(["u1"])
    rules = Rules(event_types={"purchase": "Buy"}, consent_purpose="ads")
    plan = Plan("interactions", [file.source for file in files], INTERACTIONS, rules=rules, suppressed=suppressed)
    options = SparkOptions(job=job, out="s3://out/2026?region=eu-west-1")
    with pytest.raises(MappingError, match="exports, which hold interactions"):
        SparkConversion(replace(plan, dataset="users"), files, options)
    conversion = SparkConversion(plan, files, options)
    summary = conversion.summary(WaitDisplay())

    assert job.stat().st_mode & 0o777 == 0o600
    packed = re.search(r'REQUEST = json\.loads\(base64\.b64decode\("(.*)"\)\)', job.read_text())
    assert packed
    request = Request.from_json(json.loads(base64.b64decode(packed[1])))
    assert request.parts == files[0].parts
    assert len(request.parts) == 2
    assert (request.conversion.rules, request.conversion.suppressed) == (rules, suppressed)
    assert request.conversion.kept_users == KEPT_OF_PART
    assert request.out == "s3://out/2026?region=eu-west-1"
    assert conversion.rows_url == "s3://out/2026/rows/", "where Personalize imports from"
    assert (summary.state, summary.rows) == (f"written: {job}", 0)
