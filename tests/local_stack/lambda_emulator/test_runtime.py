"""Functions in processes of their own: what they see, what they answer, and how they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_stack.lambda_emulator.runtime.function import Function, FunctionClosed
from local_stack.lambda_emulator.runtime.instance import HAS_AWSLAMBDARIC
from local_stack.process import PROJECT_ROOT

HANDLERS = """
import os, sys, time

def echo(event, context):
    return {"event": event, "pid": os.getpid()}

def environment(event, context):
    return dict(os.environ)

def about(event, context):
    return [context.function_name, context.memory_limit_in_mb, context.invoked_function_arn,
            context.aws_request_id, context.get_remaining_time_in_millis(), os.getcwd(), sys.path[0]]

def fail(event, context):
    raise ValueError("no such luck")

def not_json(event, context):
    return {"answer": object()}

def meet(event, context):
    # Returns only when a second process is in here at the same time.
    open(f"{event['folder']}/{os.getpid()}", "w").close()
    while len(os.listdir(event["folder"])) < 2:
        time.sleep(0.01)
    return os.getpid()

def hang(event, context):
    print("hanging", os.getpid(), flush=True)
    while True:
        time.sleep(60)

def leave(event, context):
    os._exit(3)

def talk(event, context):
    print("to standard output")
    print("to standard error", file=sys.stderr)
"""

Make = Callable[..., Function]


@pytest.fixture(params=["awslambdaric", "own client"])
def own_client(request: pytest.FixtureRequest) -> bool:
    if request.param == "awslambdaric" and not HAS_AWSLAMBDARIC:
        pytest.skip("awslambdaric has no wheel for this system")
    return bool(request.param == "own client")


@pytest.fixture
def make(tmp_path: Path, own_client: bool) -> Iterator[Make]:
    """Make functions from HANDLERS; they are closed afterwards."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "handlers.py").write_text(HANDLERS)
    made: list[Function] = []

    def make_function(handler: str, **settings: Any) -> Function:
        made.append(Function("trial", f"handlers.{handler}", code_dir=code, own_client=own_client, **settings))
        return made[-1]

    yield make_function
    for function in made:
        function.close()


def is_alive(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=True)  # noqa: S603, S607
    except subprocess.CalledProcessError:
        return False
    return not state.stdout.strip().startswith("Z")


def eventually(condition: Callable[[], bool], seconds: float = 300.0) -> bool:
    """Return whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.02)
    return True


def test_an_event_goes_in_and_the_answer_comes_out_unchanged(make: Make) -> None:
    event = {"Records": [{"data": "é" * 1000, "number": 2**60}]}

    result = make("echo").invoke(event)

    assert result.function_error is None
    assert result.payload["event"] == event
    assert result.payload["pid"] != os.getpid()


def test_a_warm_process_is_used_again(make: Make) -> None:
    function = make("echo", instances=2)

    assert len({function.invoke({}).payload["pid"] for _ in range(5)}) == 1


def test_a_function_sees_its_own_variables_and_lambdas_and_nothing_of_ours(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
    monkeypatch.setenv("OURS", "secret")

    seen = make("environment", environment={"TRACKING_ID": "t"}).invoke({}).payload

    assert seen["TRACKING_ID"] == "t"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "trial"
    assert seen["AWS_REGION"] == "us-east-1"
    assert seen["_HANDLER"] == "handlers.environment"
    assert not {"AWS_PROFILE", "HTTPS_PROXY", "OURS", "HOME", "PYTHONPATH"} & seen.keys()


def test_the_context_is_lambdas_and_the_code_is_first_on_the_path(make: Make) -> None:
    function = make("about", memory=512, timeout=20)

    name, memory, arn, request_id, remaining, folder, first = function.invoke({}).payload

    assert (name, memory) == ("trial", "512")
    assert arn == function.arn == "arn:aws:lambda:us-east-1:123456789012:function:trial"
    assert len(request_id) == 36
    assert 15_000 < remaining <= 20_000
    assert folder == first == str(function.settings.code_dir)


@pytest.mark.parametrize(
    ("handler", "error_type", "message"),
    [
        ("fail", "ValueError", "no such luck"),
        ("not_json", None, "JSON"),
        ("leave", "Runtime.ExitError", "exit status 3"),
        ("missing", None, "missing"),
    ],
)
def test_whatever_goes_wrong_is_a_function_error_that_says_what(
    make: Make, handler: str, error_type: str | None, message: str
) -> None:
    result = make(handler).invoke({})

    assert result.function_error == "Unhandled"
    assert error_type in (None, result.error_type)
    assert message in result.error_message


def test_a_module_that_cannot_be_loaded_says_why(tmp_path: Path, own_client: bool) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('TRACKING_ID is missing')")

    with Function("trial", "broken.handler", code_dir=tmp_path, own_client=own_client) as function:
        first, second = function.invoke({}), function.invoke({})

    assert "TRACKING_ID is missing" in first.error_message
    assert second.error_message == first.error_message


def test_a_timeout_kills_the_process_and_the_next_invocation_finds_a_new_one(make: Make) -> None:
    lines: list[str] = []
    function = make("hang", timeout=0.3, log=lines.append)

    results = []
    while len(lines) < 2:  # on a busy machine a process may be killed before it says anything
        results.append(function.invoke({}))
        assert len(results) < 100

    assert all("Task timed out after 0.30 seconds" in result.error_message for result in results)
    pids = [int(line.split()[1]) for line in lines]
    assert len(set(pids)) == len(pids) >= 2
    assert not any(is_alive(pid) for pid in pids)


def test_instances_work_at_the_same_time(make: Make, tmp_path: Path) -> None:
    met = tmp_path / "met"
    met.mkdir()
    function = make("meet", instances=2, timeout=60)

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(function.invoke, [{"folder": str(met)}] * 2))

    assert len({result.payload for result in results}) == 2


def test_a_killed_function_fails_its_invocation_and_comes_back(make: Make) -> None:
    lines: list[str] = []
    function = make("hang", log=lines.append)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(function.invoke, {})
        assert eventually(lambda: bool(lines))
        function.kill()
        result = running.result(300)

    assert result.error_message == "Runtime exited with error: signal: SIGKILL"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(function.invoke, {})
        assert eventually(lambda: len(lines) == 2)
        function.close()
        assert running.result(300).function_error == "Unhandled"


def test_new_variables_take_effect_in_new_processes(make: Make) -> None:
    function = make("environment", environment={"STAGE": "collect", "OLD": "1"})
    assert function.invoke({}).payload["STAGE"] == "collect"

    function.update_environment({"STAGE": "recommend"})
    seen = function.invoke({}).payload

    assert seen["STAGE"] == "recommend"
    assert "OLD" not in seen


def test_new_variables_replace_the_processes_that_run_and_start_no_others(make: Make) -> None:
    function = make("echo", instances=2)
    function.update_environment({"STAGE": "train"})
    assert function.pids == []
    first = function.invoke({}).payload["pid"]

    function.update_environment({"STAGE": "recommend"})

    [second] = function.pids
    assert second != first
    assert function.invoke({}).payload["pid"] == second


def test_what_a_function_prints_goes_to_the_log_only(make: Make, capfd: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    make("talk", log=lines.append).invoke({})

    assert eventually(lambda: {"to standard output", "to standard error"} <= set(lines))
    assert capfd.readouterr() == ("", "")


def test_a_closed_function_says_so(make: Make) -> None:
    function = make("echo")
    function.start()
    pids = list(function.pids)
    function.close()

    with pytest.raises(FunctionClosed):
        function.invoke({})
    assert pids
    assert not any(is_alive(pid) for pid in pids)


@pytest.mark.parametrize("handler", ["echo", "hang"])
def test_no_function_outlives_a_parent_that_is_killed(make: Make, handler: str) -> None:
    """Neither one that waits for its next event nor one in the middle of an event."""
    code_dir = make("echo").settings.code_dir
    own = "own client" in os.environ.get("PYTEST_CURRENT_TEST", "")
    parent = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PARENT, str(code_dir), handler, str(own)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(PROJECT_ROOT), "PATH": os.defpath},
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()

        assert eventually(lambda: not is_alive(pid))


PARENT = """
import sys
from pathlib import Path
from local_stack.lambda_emulator.runtime.function import Function

function = None

def say(_):
    print(function.pids[0], flush=True)

code, handler, own = sys.argv[1:]
function = Function("trial", f"handlers.{handler}", code_dir=Path(code), own_client=own == "True", log=say)
function.invoke({})
say("")
sys.stdin.read() if handler == "hang" else __import__("threading").Event().wait()
"""
