"""Runs jobs, each in its own folder: in processes, so that requests are answered meanwhile, or in place.

A job's folder holds ``spec.json``, a copy of all input (``input/``), ``stderr.txt``, the job's output, and in the end
``outcome.json`` without the input. A folder without ``outcome.json`` is left over from a killed job: its output is
removed, and the job starts again, on the same input. A job's process ends when the service does.
"""

import importlib
import json
import multiprocessing
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from personalize_local.errors import JobFailed

# One thread each: a training must leave the other cores for answering requests.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
KINDS = ("compaction", "deletion", "exporting", "importing", "inference", "segments", "training")
OUTCOME, SPEC, INPUT = "outcome.json", "spec.json", "input"
STDERR = "stderr.txt"
POLITELY = 10  # jobs can wait, answers cannot
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
    """``prepare(folder)`` writes the job's input into an empty folder and returns its spec, a JSON object."""

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
        spec = prepared(job)
        done(_finished(job.folder) or run(job.kind, job.folder, spec))

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
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="preparing")
        self._running: dict[Path, BaseProcess] = {}  # by the folder of the job
        self._stopped: set[Path] = set()
        self._closed = False
        os.environ.update(ONE_THREAD)  # the jobs' processes inherit it

    def start(self, job: Job, done: Done) -> None:
        """Queue the job and return."""
        # At once, although the job may have to wait for others: what its input is copied from may change.
        preparing = self._preparing.submit(prepared, job)
        self._threads[job.kind].submit(self._work, job, done, preparing)

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
        for threads in (self._preparing, *self._threads.values()):
            threads.shutdown(wait=True, cancel_futures=True)

    def _work(self, job: Job, done: Done, preparing: Future[Mapping[str, Any]]) -> None:
        try:
            spec = preparing.result()
            if job.folder not in self._stopped:
                outcome = _finished(job.folder) or self._run(job, spec)
        except Exception as error:
            outcome = Outcome(failure=f"{job.kind} failed: {type(error).__name__}: {error}")
        if job.folder in self._stopped:
            shutil.rmtree(job.folder, ignore_errors=True)
        elif not self._closed:
            done(outcome)

    def _run(self, job: Job, spec: Mapping[str, Any]) -> Outcome:
        return run(job.kind, job.folder, spec) if self.in_place else self._in_process(job)

    def _in_process(self, job: Job) -> Outcome:
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
    _write(folder / OUTCOME, asdict(outcome))
    shutil.rmtree(folder / INPUT, ignore_errors=True)
    return outcome


def prepared(job: Job) -> Mapping[str, Any]:
    """Return the spec of a job that has its input, and nothing else unless it has ended, in its folder."""
    if not is_prepared(job):
        shutil.rmtree(job.folder, ignore_errors=True)
        (job.folder / INPUT).mkdir(parents=True)
        _write(job.folder / SPEC, job.prepare(job.folder / INPUT))
    elif not _finished(job.folder):
        for path in job.folder.iterdir():
            if path.name not in (SPEC, INPUT):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    spec: Mapping[str, Any] = json.loads((job.folder / SPEC).read_text())
    return spec


def is_prepared(job: Job) -> bool:
    """Return whether all that the job needs is in its folder."""
    return (job.folder / SPEC).exists()


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object as a whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(content))
    partial.rename(path)


def _finished(folder: Path) -> Outcome | None:
    path = folder / OUTCOME
    return Outcome(**json.loads(path.read_text())) if path.exists() else None


def main(kind: str, folder: Path) -> None:
    """Run one job in a process of its own."""
    threading.Thread(target=_end_with_service, name="end-with-service", daemon=True).start()
    os.nice(POLITELY)
    with (folder / STDERR).open("wb") as errors:
        os.dup2(errors.fileno(), 2)
    run(kind, folder, json.loads((folder / SPEC).read_text()))


def _end_with_service() -> None:
    service = multiprocessing.parent_process()
    assert service is not None  # noqa: S101 - this is a process that the service started
    service.join()
    os._exit(1)
