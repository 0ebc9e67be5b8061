"""Runs jobs, each in its own folder: in processes, so that requests are answered meanwhile, or in place.

A job's folder holds ``spec.json``, the job's output, and in the end ``outcome.json``. A folder without ``outcome.json``
is left over from a killed job: it is emptied, and the job starts again. A child process ends when its parent dies.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from personalize_local.errors import JobFailed
from personalize_local.parent import stop_with_parent

PACKAGE_PARENT = Path(__file__).parents[2]
# One thread each: a training must leave the other cores for answering requests.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
KINDS = ("deletion", "importing", "inference", "training")
OUTCOME = "outcome.json"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job: a result, or the reason of its failure."""

    result: Mapping[str, Any] | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Job:
    """``prepare(folder)`` writes the job's input into its empty folder and returns its spec, a JSON object."""

    kind: str
    folder: Path
    prepare: Callable[[Path], Mapping[str, Any]]


Done = Callable[[Outcome], None]


class Jobs(Protocol):
    """Starts jobs; ``done`` is called once for each, perhaps from another thread."""

    def start(self, job: Job, done: Done) -> None: ...

    def close(self) -> None: ...


class InlineJobs:
    """Runs each job at once, in the calling thread: for virtual time, in which nothing runs in the background."""

    def start(self, job: Job, done: Done) -> None:
        """Run the job, then call ``done``."""
        done(_finished(job.folder) or run(job.kind, job.folder, _prepared(job)))

    def close(self) -> None:
        """Do nothing: no job is running."""


class ProcessJobs:
    """Runs each job in a new process; jobs of the same kind run one after the other."""

    def __init__(self) -> None:
        self._threads = {kind: ThreadPoolExecutor(1, thread_name_prefix=kind) for kind in KINDS}
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def start(self, job: Job, done: Done) -> None:
        """Queue the job and return."""
        self._threads[job.kind].submit(self._work, job, done)

    def close(self) -> None:
        """Kill running jobs and accept no more; ``done`` is not called for them."""
        self._closed = True
        for process in list(self._running):
            process.kill()
        for threads in self._threads.values():
            threads.shutdown(wait=True, cancel_futures=True)

    def _work(self, job: Job, done: Done) -> None:
        try:
            outcome = _finished(job.folder) or self._in_process(job)
        except Exception as error:
            outcome = Outcome(failure=f"{job.kind} failed: {type(error).__name__}: {error}")
        if not self._closed:
            done(outcome)

    def _in_process(self, job: Job) -> Outcome:
        _prepared(job)
        command = [sys.executable, "-m", __name__, job.kind, str(job.folder)]
        environment = {**os.environ, **ONE_THREAD}
        pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=PACKAGE_PARENT, env=environment, **pipes) as process:  # type: ignore[call-overload] # noqa: S603
            self._running.add(process)
            if self._closed:
                process.kill()
            complaint = process.stderr.read().decode(errors="replace").strip().splitlines()
            process.wait()
        self._running.discard(process)
        ended = f"{job.kind} ended with code {process.returncode}: {''.join(complaint[-1:])}"
        return _finished(job.folder) or Outcome(failure=ended)


def run(kind: str, folder: Path, spec: Mapping[str, Any]) -> Outcome:
    """Run a job in place and write its outcome."""
    try:
        outcome = Outcome(result=importlib.import_module(f"personalize_local.jobs.{kind}").run(spec, folder))
    except JobFailed as error:
        outcome = Outcome(failure=str(error))
    partial = folder / f"{OUTCOME}.partial"
    partial.write_text(json.dumps(asdict(outcome)))
    partial.rename(folder / OUTCOME)
    return outcome


def _prepared(job: Job) -> Mapping[str, Any]:
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True)
    spec = job.prepare(job.folder)
    (job.folder / "spec.json").write_text(json.dumps(spec))
    return spec


def _finished(folder: Path) -> Outcome | None:
    path = folder / OUTCOME
    return Outcome(**json.loads(path.read_text())) if path.exists() else None


def main(kind: str, folder: Path) -> None:
    """Run one job as the main program of a process."""
    stop_with_parent(lambda: os._exit(1))
    run(kind, folder, json.loads((folder / "spec.json").read_text()))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
