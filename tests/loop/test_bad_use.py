"""What goes wrong by mistake is said in one clear line, with the right exit code, and leaves nothing behind."""

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.__main__ import main
from local_stack.lambda_emulator.runtime.function import Function
from local_stack.process import NotStarted
from local_stack.settings import LocalStackSettings
from local_stack.stack import LAMBDA_SRC, Stack
from tests.loop.clone import Clone


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("ingest", ["TRACKING_ID", "QUARANTINE_BUCKET"]),
        ("refresh", ["CAMPAIGN_ARN", "MPARTICLE_SECRET_ARN", "QUARANTINE_BUCKET", "STATE_TABLE"]),
    ],
)
def test_a_function_without_its_settings_names_all_that_are_missing_in_one_error(name: str, missing: list[str]) -> None:
    event = {"Records": [{"eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue"}]}
    with Function(name, f"broker.{name}.handler", code_dir=LAMBDA_SRC) as function:
        result = function.invoke(event)
    assert result.function_error == "Unhandled"
    assert result.error_type == "SettingsError"
    assert result.error_message == f"settings of {name}: " + "; ".join(f"{setting} is missing" for setting in missing)


@pytest.mark.parametrize("arguments", [["--only", "personalize", "--personalize-port"], ["--mparticle-port"]])
def test_a_busy_port_is_said_in_one_line(quiet_clone: Clone, busy_port: int, arguments: list[str]) -> None:
    done = quiet_clone.run("serve", *arguments, busy_port)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert f"port {busy_port} is in use" in line


@pytest.mark.parametrize("service", ["aws", "personalize", "mparticle"])
def test_a_busy_port_is_noticed_before_any_service_starts(busy_port: int, service: str) -> None:
    log: list[str] = []
    stack = Stack(LocalStackSettings(**{f"{service}_port": busy_port}), log.append)
    with pytest.raises(NotStarted, match=f"^port {busy_port} is in use"), stack:
        pass
    assert not hasattr(stack, "aws")


def test_invoking_the_real_function_needs_a_serve_that_runs(quiet_clone: Clone) -> None:
    done = quiet_clone.run("invoke", "--local", "events/purchase.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["Error: no ./broker serve is running: start it in another terminal first"]


def test_a_serve_of_personalize_alone_is_not_said_not_to_run(quiet_clone: Clone, busy_port: int) -> None:
    quiet_clone.local_env.write_text(f"export AWS_ENDPOINT_URL_PERSONALIZE=http://127.0.0.1:{busy_port}\n")
    done = quiet_clone.run("invoke", "--local", "events/purchase.json")
    quiet_clone.local_env.unlink()
    assert (done.returncode, done.stdout) == (1, "")
    assert "the ./broker serve in .local.env was started with --only personalize" in done.stderr


def test_a_serve_that_was_killed_is_not_taken_for_one_that_runs(quiet_clone: Clone) -> None:
    quiet_clone.local_env.write_text("export AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:9\n")
    done = quiet_clone.run("invoke", "--local", "events/purchase.json")
    quiet_clone.local_env.unlink()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["Error: ./broker serve does not answer: is it still starting, or gone?"]


def test_wrong_use_leaves_nothing_behind_and_ends_its_process_with_exit_code_2(quiet_clone: Clone) -> None:
    done = quiet_clone.run("run", "--events", "nowhere.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nowhere.json' does not exist" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["invoke", "nowhere.json"], "nowhere.json' does not exist"),
        (["run", "--fast"], "No such option '--fast'"),
        (["run", "--seconds", "0"], "not in the range"),
        (["run", "--seed", "x"], "not a valid integer"),
        (["serve", "--aws-port", "65536"], "not in the range"),
        (["serve", "--only", "kinesis"], "is not 'personalize'"),
        (["invoke"], "Missing argument"),
        (["walk"], "No such command 'walk'"),
    ],
)
def test_wrong_use_is_exit_code_2_and_says_what_is_wrong(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(main, arguments, prog_name="./broker")
    assert isinstance(done.exception, SystemExit), "click's own error, not a traceback"
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]


def test_half_a_gzip_file_is_wrong_use(quiet_clone: Clone, tmp_path: Path) -> None:
    file = tmp_path / "half.json.gz"
    file.write_bytes(gzip.compress(b'{"events": []}' * 100)[:-20])
    done = quiet_clone.run("run", "--events", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the compressed file is cut off" in done.stderr.splitlines()[-1]
