"""Services as processes: they start with one line, end when told or when their parent does, and see no real AWS."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from local_stack.process import PROJECT_ROOT, START_SECONDS, NotStarted, scrubbed_environment, start_service
from tests.loop.clone import eventually

SERVICE = """
import sys, threading
from personalize_local.parent import stop_with_parent
from personalize_local.shell import announce, listen
print("starting", file=sys.stderr, flush=True)
print("not the announcement", flush=True)
done = threading.Event()
stop_with_parent(done.set)
announce(listen(0))
done.wait()
"""
STUBBORN = """
import signal, threading
from personalize_local.shell import announce, listen
signal.signal(signal.SIGTERM, signal.SIG_IGN)
announce(listen(0))
threading.Event().wait()
"""
BROKEN = "import sys; print('QUARANTINE_BUCKET is missing', file=sys.stderr); sys.exit(2)"
SILENT = "import threading; threading.Event().wait()"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for a service's module, on the services' import path."""
    return tmp_path / "service_on_trial.py"


def path_of(module: Path) -> dict[str, str]:
    return {"PYTHONPATH": f"{PROJECT_ROOT}{os.pathsep}{module.parent}"}


def test_a_service_is_there_with_its_url_and_gone_after_stop(module: Path) -> None:
    module.write_text(SERVICE)
    lines: list[str] = []

    service = start_service("service_on_trial", environment=path_of(module), log=lines.append)

    assert service.url.startswith("http://127.0.0.1:")
    assert service.stop() == 0
    assert service.stop() == 0
    assert lines == ["starting"]
    pipes = service.process.stdin, service.process.stdout, service.process.stderr
    assert eventually(lambda: all(pipe and pipe.closed for pipe in pipes))


def test_a_service_that_ends_at_once_is_an_error_with_its_last_lines(module: Path) -> None:
    module.write_text(BROKEN)

    with pytest.raises(NotStarted, match=r"(?s)exit code 2.*QUARANTINE_BUCKET is missing"):
        start_service("service_on_trial", environment=path_of(module))


def test_a_service_that_says_nothing_is_given_up(module: Path) -> None:
    module.write_text(SILENT)
    started = time.monotonic()

    with pytest.raises(NotStarted, match="service_on_trial did not start"):
        start_service("service_on_trial", environment=path_of(module), seconds=0.3)

    assert time.monotonic() - started < START_SECONDS


def test_a_service_that_ignores_both_ends_by_force(module: Path) -> None:
    module.write_text(STUBBORN)
    service = start_service("service_on_trial", environment=path_of(module))

    assert service.stop(seconds=0.2) == -signal.SIGKILL


def test_a_service_ends_when_its_parent_is_killed(module: Path) -> None:
    module.write_text(SERVICE)
    parent = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        text=True,
        env=scrubbed_environment(path_of(module) | {"TRIAL_PATH": path_of(module)["PYTHONPATH"]}),
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert is_gone_in_time(pid)


PARENT = """
import os, threading
from local_stack.process import START_SECONDS, start_service
service = start_service("service_on_trial", environment={"PYTHONPATH": os.environ["TRIAL_PATH"]})
print(service.process.pid, flush=True)
threading.Event().wait()
"""


def is_gone_in_time(pid: int) -> bool:
    deadline = time.monotonic() + 300
    pause = threading.Event()
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
        if not state.stdout.strip() or state.stdout.strip().startswith("Z"):
            return True
        pause.wait(0.02)
    return False


def test_a_service_sees_dummy_keys_and_nothing_of_the_users_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "http_proxy", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REALKEY")

    seen = scrubbed_environment({"EXTRA": "1"})

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY", "http_proxy", "AWS_ENDPOINT_URL"} & seen.keys()
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_REGION"], seen["EXTRA"]) == ("local", "us-east-1", "1")
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"


def test_a_busy_port_is_one_clear_line() -> None:
    with (
        start_service("local_stack.aws") as first,
        pytest.raises(NotStarted, match=r"(?s)exit code 2.*port \d+ is in use"),
    ):
        start_service("local_stack.aws", ["--port", first.url.rpartition(":")[2]])
