"""The version stands in one place, and everything that states it states that one."""

import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from broker import __version__
from broker.telemetry import Counts, Telemetry
from click.testing import CliRunner

from blueprint.environments import FunctionConfig, ingest_environment, refresh_environment
from cli.__main__ import main
from cli.version import version
from tests.broker.lambda_events import lambda_context
from tests.real_data import ROOT


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout  # noqa: S603


def test_pyproject_has_the_version_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"] == __version__


def test_the_command_line_says_the_version() -> None:
    shown = CliRunner().invoke(main, ["--version"])
    assert shown.exit_code == 0
    assert shown.output == f"{version()}\n"
    assert shown.output.startswith(f"Personalize Broker {__version__}")


def test_a_clone_says_its_commit_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "-m", "a")
    commit = git(tmp_path, "rev-parse", "--short=12", "HEAD").strip()
    assert version(tmp_path) == f"Personalize Broker {__version__} (commit {commit})"

    (tmp_path / "file").write_text("b")
    assert version(tmp_path) == f"Personalize Broker {__version__} (commit {commit}-dirty)"


def test_a_folder_inside_another_repository_does_not_say_that_ones_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "a")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    assert version(unpacked) == f"Personalize Broker {__version__}"


def test_a_repository_without_a_commit_says_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert version(tmp_path) == f"Personalize Broker {__version__}"


def test_each_log_line_has_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry("version-test")
    telemetry.publish(Counts(), lambda_context("version-test"))
    telemetry.misconfigured(ValueError("wrong"), lambda_context("version-test"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = [line["version"] for line in lines if "level" in line]
    assert logged == [__version__, __version__]


def test_both_functions_get_the_version() -> None:
    ingest = ingest_environment(FunctionConfig(), tracking_id="tracker", quarantine_bucket="bucket")
    refresh = refresh_environment(
        FunctionConfig(),
        campaign_arn="campaign",
        mparticle_secret_arn="secret",
        quarantine_bucket="bucket",
        state_table="table",
    )
    assert ingest["BROKER_VERSION"] == refresh["BROKER_VERSION"] == __version__
