"""One execution environment of a function: a process with its Runtime API, one invocation at a time."""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as NoResult
from pathlib import Path
from typing import Any

from local_stack.lambda_emulator.invocation import InvokeResult, failed
from local_stack.lambda_emulator.runtime.api import Invocation, RuntimeApi
from local_stack.lambda_emulator.runtime.environment import FunctionSettings, function_environment

LAUNCHER = Path(__file__).with_name("launcher.py")
# Lambda allows a function ten seconds to load; a busy laptop gets more.
INIT_SECONDS = 30.0
HAS_AWSLAMBDARIC = importlib.util.find_spec("awslambdaric") is not None

LogLine = Callable[[str], None]


class Instance:
    """A process that starts with the first invocation after its creation, end, kill or timeout."""

    def __init__(
        self,
        settings: FunctionSettings,
        number: int,
        *,
        python: str = sys.executable,
        log: LogLine | None = None,
        own_client: bool = not HAS_AWSLAMBDARIC,
    ) -> None:
        self._settings = settings
        self._name = f"{settings.name}-{number}"
        self._python = python
        self._log = log
        self._own_client = own_client
        self._api: RuntimeApi | None = None
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int | None:
        """Return the process's id, None if no process runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self, own: Mapping[str, str]) -> None:
        """Start the process with the function's ``own`` variables, unless it is running."""
        if self.pid is not None:
            return
        self.end()
        api = RuntimeApi()
        process = subprocess.Popen(  # noqa: S603 - our own launcher
            [self._python, str(LAUNCHER), self._settings.handler, *(["--own-client"] if self._own_client else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=self._settings.code_dir,
            env=function_environment(self._settings, own, api.address, self._name),
            start_new_session=True,
        )
        self._api, self._process = api, process
        threading.Thread(target=self._follow, args=(process, api), name=self._name, daemon=True).start()

    def invoke(self, payload: Any, own: Mapping[str, str]) -> InvokeResult:
        """Run one event through the process; failures are in the result."""
        self.start(own)
        assert self._api is not None  # noqa: S101 - started above
        api = self._api
        invocation = Invocation(json.dumps(payload).encode(), self._settings.timeout, self._settings.arn)
        api.submit(invocation)
        # The timeout counts from the time at which the process gets the event, as in Lambda.
        if not invocation.taken.wait(INIT_SECONDS):
            self.end()
            return failed("Runtime.InitError", f"{self._name} did not load in {INIT_SECONDS:.0f} seconds")
        try:
            return invocation.result.result(self._settings.timeout)
        except NoResult:
            self.end()
            return _timed_out(invocation)

    def kill(self) -> None:
        """SIGKILL the process, as in a crash of the machine; a running invocation ends with an error."""
        if (process := self._process) is not None:
            _kill(process)

    def end(self) -> None:
        """End the process and its Runtime API; it starts again with the next invocation."""
        process, self._process = self._process, None
        api, self._api = self._api, None
        if process is not None:
            _kill(process)
            if process.stdin is not None:
                process.stdin.close()
        if api is not None:
            api.close()

    def _follow(self, process: subprocess.Popen[str], api: RuntimeApi) -> None:
        """Pass on the process's output; its invocation ends with the process."""
        with process.stdout or contextlib.nullcontext(()) as lines:
            for line in lines:
                if self._log is not None:
                    self._log(line.rstrip("\n"))
        api.process_ended(_exit_message(process.wait()))


def _kill(process: subprocess.Popen[str]) -> None:
    # The whole session, so that child processes of the handler end, too.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _exit_message(code: int) -> str:
    """Return how a process ended, in Lambda's words."""
    how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    return f"Runtime exited with error: {how}" if code else "Runtime exited without providing a reason"


def _timed_out(invocation: Invocation) -> InvokeResult:
    message = f"{invocation.request_id} Task timed out after {invocation.timeout:.2f} seconds"
    return failed("Sandbox.Timedout", message, invocation.request_id)
