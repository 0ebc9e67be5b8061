"""A child process of the benchmark that answers lines with lines."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from bench.loop.rivals.rivals import ROOT

INHERITED = ("PATH", "HOME", "TMPDIR")


class Process:
    """``arguments``: of Python's ``-m``. It gets no environment variables but ``variables`` and a few of ours.

    In a ``cgroup`` it gets so much of the processors as that allows.
    """

    def __init__(self, arguments: Sequence[str], variables: Mapping[str, str], cgroup: Path | None = None) -> None:
        def enter() -> None:
            if cgroup:
                (cgroup / "cgroup.procs").write_text(str(os.getpid()))

        self._arguments = arguments
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - modules of ours
            [sys.executable, "-m", *arguments],
            env=inherited | dict(variables),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=enter,
        )
        self._in, self._out = _pipe(self._process.stdin), _pipe(self._process.stdout)

    def line(self) -> str:
        """Return the next line. Raises RuntimeError where the process has ended."""
        line = self._out.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._arguments)} ended with {self._process.wait()}")
        return line

    def ask(self, text: str) -> str:
        """Send a line, return the answer."""
        print(text, file=self._in, flush=True)
        return self.line()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def answer(arguments: Sequence[str], variables: Mapping[str, str]) -> dict[str, Any]:
    """Run a module of ours to its end; return the JSON that it prints. Raises CalledProcessError."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(  # noqa: S603 - modules of ours
        [sys.executable, "-m", *arguments],
        env=inherited | dict(variables),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise ValueError("the process has no such pipe")
    return pipe
