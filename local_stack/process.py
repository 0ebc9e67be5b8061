"""Starts, watches and stops services in processes, with a restricted environment.

A service announces ``{"url": …}`` on its standard output once it answers (``personalize_local.shell``). Closing its
standard input stops it; the system does so when this process dies.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from local_stack.aws import REGION

PROJECT_ROOT = Path(__file__).resolve().parents[1]
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
START_SECONDS = 180.0  # a service that ends is noticed at once; one that is slow needs time on a busy machine
STOP_SECONDS = 5.0
SHOWN_LINES = 15

LogLine = Callable[[str], None]


class NotStarted(Exception):
    """A service did not announce itself; the message ends with the last lines that it wrote to standard error."""


def scrubbed_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment that cannot reach the real AWS by accident, with ``extra`` on top.

    It has dummy keys and a region, but no configuration files, profile, instance metadata or proxy. Only the few
    variables that any program needs are copied from this process, so the user's AWS settings have no effect.
    """
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # On macOS the system's proxy settings would be used otherwise.
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONPATH": str(PROJECT_ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    return environment | dict(extra or {})


class ServiceProcess:
    """One service: its ``process``, and its ``url`` once it answers."""

    def __init__(self, name: str, process: subprocess.Popen[str], log: LogLine | None = None) -> None:
        self.name = name
        self.process = process
        self.url = ""
        self._errors: deque[str] = deque(maxlen=SHOWN_LINES)
        self._reader = _follow(process.stderr, lambda line: _keep(line, self._errors, log))
        self._announced = _Lines()
        _follow(process.stdout, self._announced.put, at_end=self._announced.close)

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Return once the service answers at ``url``. Raises NotStarted if it ends or does not answer in time."""
        url = _announced_url(self._announced, seconds)
        if url is None:
            # Its standard output is closed: it is ending, and its exit code is the reason. Otherwise it is silent.
            self.stop(STOP_SECONDS if self._announced.closed else 1.0)
            self._reader.join(1.0)
            raise NotStarted(_not_started(self.name, self.process, self._errors))
        self.url = url

    def last_errors(self) -> str:
        """Return the last lines that the service wrote to standard error."""
        return "\n".join(self._errors)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """End the process: close its standard input, after ``seconds`` SIGTERM, after ``seconds`` more SIGKILL.

        Return its exit code. Stopping a service that has already ended is not an error.
        """
        return _end(self.process, seconds)

    def __enter__(self) -> "ServiceProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(STOP_SECONDS if self.url else 0.0)  # a service that is still starting does not listen yet


def start_service(
    module: str,
    arguments: Sequence[str] = (),
    *,
    environment: Mapping[str, str] | None = None,
    log: LogLine | None = None,
    seconds: float = START_SECONDS,
) -> ServiceProcess:
    """Start a service as ``begin_service`` does and return it once it answers. Raises NotStarted."""
    service = begin_service(module, arguments, environment=environment, log=log)
    try:
        service.wait_until_ready(seconds)
    except BaseException:  # Ctrl-C: no caller has the service yet to stop it
        service.stop(0.0)
        raise
    return service


def begin_service(
    module: str,
    arguments: Sequence[str] = (),
    *,
    environment: Mapping[str, str] | None = None,
    log: LogLine | None = None,
) -> ServiceProcess:
    """Start ``python -m module --with-parent …`` and return it at once, so that several can start at a time.

    ``environment`` is added to ``scrubbed_environment()``. Every line of its standard error goes to ``log``.
    """
    command = [sys.executable, "-m", module, "--with-parent", *arguments]
    return ServiceProcess(module, _spawn(command, scrubbed_environment(environment)), log)


def _spawn(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=PROJECT_ROOT,
        # Ctrl-C belongs to the parent, which stops its services in order.
        start_new_session=True,
    )


def _keep(line: str, errors: deque[str], log: LogLine | None) -> None:
    errors.append(line)
    if log is not None:
        log(line)


class _Lines(queue.Queue[str | None]):
    """Lines of a pipe; None, and ``closed``, at its end."""

    closed = False

    def close(self) -> None:
        self.closed = True
        self.put(None)


def _announced_url(lines: _Lines, seconds: float) -> str | None:
    deadline = time.monotonic() + seconds
    with contextlib.suppress(queue.Empty):
        while (line := lines.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                return str(json.loads(line)["url"])
    return None


def _not_started(module: str, process: subprocess.Popen[str], errors: deque[str]) -> str:
    shown = "\n".join(errors) or "it wrote nothing to standard error"
    space = "\n" if len(errors) > 1 else " "
    return f"{module} did not start (exit code {process.returncode}):{space}{shown}"


def _follow(
    stream: IO[str] | None, line: Callable[[str], object], at_end: Callable[[], object] = lambda: None
) -> threading.Thread:
    """Pass every line of a pipe to ``line`` in its own thread, so that the pipe never fills; close it at its end."""

    def read() -> None:
        with contextlib.suppress(ValueError, OSError), stream or contextlib.nullcontext(()) as lines:
            for text in lines:
                line(text.rstrip("\n"))
        at_end()

    thread = threading.Thread(target=read, name="follow-output", daemon=True)
    thread.start()
    return thread


def _end(process: subprocess.Popen[str], seconds: float) -> int:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    for end in (process.terminate, process.kill):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(seconds)
        end()
    return process.wait()
