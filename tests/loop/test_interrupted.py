"""A run that is stopped ends in one line and with exit code 130, one that is killed leaves nobody behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.loop.clone import PATIENCE, Clone


@contextmanager
def running(clone: Clone, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    with clone.start("run", *arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(stage: str, output: IO[str] | None) -> None:
    assert output is not None
    assert any(stage in line for line in output), f"it ended before it was {stage}"


def interrupt(process: subprocess.Popen[str]) -> list[str]:
    """Press Ctrl-C, which a terminal sends to everybody in the foreground; return what is then said."""
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert process.stderr is not None
    return process.stderr.read().splitlines()


@pytest.mark.parametrize("stage", ["starting", "collecting"])
def test_ctrl_c_in_mid_run_is_one_line_and_exit_code_130(quiet_clone: Clone, stage: str) -> None:
    with running(quiet_clone) as process:
        wait_for(stage, process.stdout)
        assert interrupt(process) == ["stopped: all services are down"]
        # A service that was being born at that very moment ends by itself, once it looks at its standard input.
        assert quiet_clone.is_quiet()


def test_ctrl_c_while_files_are_read_is_no_different(quiet_clone: Clone, tmp_path: Path) -> None:
    pipe = tmp_path / "batches.ndjson"
    os.mkfifo(pipe)
    with running(quiet_clone, "--events", pipe) as process, pipe.open("w"):
        assert interrupt(process) == ["stopped"]


def test_a_run_that_is_killed_leaves_no_process_behind(quiet_clone: Clone) -> None:
    with running(quiet_clone) as process:
        wait_for("collecting", process.stdout)
        assert len(quiet_clone.processes()) > 4
        process.kill()
        process.wait()
        assert quiet_clone.is_quiet()
