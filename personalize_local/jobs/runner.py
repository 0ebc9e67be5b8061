"""Runs jobs, each in its own folder: in processes, so that requests are answered meanwhile, or in place.

A job's folder holds ``spec.json``, ``stderr.txt``, the job's output, and in the end ``outcome.json``. A folder without
``outcome.json`` is left over from a killed job: it is emptied, and the job starts again. A job's process ends when the
service does.
"""

import importlib
import json
import multiprocessing
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from personalize_local.errors import JobFailed

# One thread each: a training must leave the other cores for answering requests.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
KINDS = ("deletion", "exporting", "importing", "inference", "segments", "training")
OUTCOME = "outcome.json"
STDERR = "stderr.txt"
# Loading what jobs need takes longer than most jobs. One process loads it and starts no thread; each job is a fork of
# it. macOS's libraries may not be used after a fork: there, each job loads what it needs.
_PROCESSES = (
    multiprocessing.get_context("forkserver") if sys.platform == "linux" else multiprocessing.get_context("spawn")
)
_PROCESSES.set_forkserver_preload([f"personalize_local.jobs.{kind}" for kind in KINDS])


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
    """Starts jobs; ``done`` is called once for each that is not stopped, perhaps from another thread."""

    def start(self, job: Job, done: Done) -> None: ...

    def stop(self, job: Job) -> None: ...

    def close(self) -> None: ...


class InlineJobs:
    """Runs each job at once, in the calling thread: for virtual time, in which nothing runs in the background."""

    def start(self, job: Job, done: Done) -> None:
        """Run the job, then call ``done``."""
        done(_finished(job.folder) or run(job.kind, job.folder, _prepared(job)))

    def stop(self, job: Job) -> None:
        """Do nothing: no job is running."""

    def close(self) -> None:
        """Do nothing: no job is running."""


class ProcessJobs:
    """Runs each job in a new process; jobs of the same kind run one after the other.

    While ``in_place`` is set, jobs run in this process: faster for a few small ones, before requests are answered.
    """

    def __init__(self) -> None:
        self.in_place = False
        self._threads = {kind: ThreadPoolExecutor(1, thread_name_prefix=kind) for kind in KINDS}
        self._running: dict[Path, BaseProcess] = {}  # by the folder of the job
        self._stopped: set[Path] = set()
        self._closed = False
        os.environ.update(ONE_THREAD)  # the jobs' processes inherit it

    def start(self, job: Job, done: Done) -> None:
        """Queue the job and return."""
        self._threads[job.kind].submit(self._work, job, done)

    def stop(self, job: Job) -> None:
        """Kill a job, or don't begin it. It must have been started; ``done`` is not called."""
        self._stopped.add(job.folder)
        if process := self._running.get(job.folder):
            process.kill()

    def close(self) -> None:
        """Kill running jobs and accept no more; ``done`` is not called for them."""
        self._closed = True
        for process in list(self._running.values()):
            process.kill()
        for threads in self._threads.values():
            threads.shutdown(wait=True, cancel_futures=True)

    def _work(self, job: Job, done: Done) -> None:
        if job.folder in self._stopped:
            return
        try:
            outcome = _finished(job.folder) or self._run(job)
        except Exception as error:
            outcome = Outcome(failure=f"{job.kind} failed: {type(error).__name__}: {error}")
        if not self._closed and job.folder not in self._stopped:
            done(outcome)

    def _run(self, job: Job) -> Outcome:
        return run(job.kind, job.folder, _prepared(job)) if self.in_place else self._in_process(job)

    def _in_process(self, job: Job) -> Outcome:
        _prepared(job)
        (job.folder / STDERR).touch()
        process = _PROCESSES.Process(target=main, args=(job.kind, job.folder), name=job.kind, daemon=True)
        process.start()
        self._running[job.folder] = process
        if self._closed or job.folder in self._stopped:
            process.kill()
        process.join()
        del self._running[job.folder]
        complaint = (job.folder / STDERR).read_text(errors="replace").strip().splitlines()
        ended = f"{job.kind} ended with code {process.exitcode}: {''.join(complaint[-1:])}"
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
    """Run one job in a process of its own."""
    threading.Thread(target=_end_with_service, name="end-with-service", daemon=True).start()
    with (folder / STDERR).open("wb") as errors:
        os.dup2(errors.fileno(), 2)
    run(kind, folder, json.loads((folder / "spec.json").read_text()))


def _end_with_service() -> None:
    service = multiprocessing.parent_process()
    assert service is not None  # noqa: S101 - this is a process that the service started
    service.join()
    os._exit(1)
