"""The jobs that resources wait for. A job starts once its request is in the journal, and settles its resource."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from personalize_local.control.resources import Resource
from personalize_local.jobs.runner import Job, Jobs, Outcome, is_prepared

Prepare = Callable[[Path], Mapping[str, Any]]
Apply = Callable[[], None]
Read = Callable[[Path, Mapping[str, Any]], Apply]
"""Reads the folder and the result of a job that succeeded; returns the function that applies them at once."""


class PendingJobs:
    """All jobs that have not ended. ``report(ARN, outcome)`` is called when one ends, perhaps from another thread."""

    def __init__(self, jobs: Jobs, root: Path, report: Callable[[str, Outcome], None]) -> None:
        """``root``: the folder that holds the jobs' folders."""
        self._jobs = jobs
        self._root = root
        self._report = report
        self._open: dict[str, tuple[Resource, Job, Read]] = {}
        self._folders: list[Path] = []
        self._queued: list[str] = []

    def start(self, kind: str, resource: Resource, folder_id: str, prepare: Prepare, read: Read) -> None:
        """Queue the job of a resource: ``prepare`` writes its input, ``read`` reads its output."""
        resource.has_job = True
        job = Job(kind, self._root / kind / folder_id, prepare)
        self._open[resource.arn] = resource, job, read
        self._folders.append(job.folder)
        self._queued.append(resource.arn)

    def launch(self) -> None:
        """Start the queued jobs, except those whose end has been replayed. Call it after requests are journaled."""
        queued, self._queued = self._queued, []
        for arn in queued:
            if arn in self._open:
                self._jobs.start(self._open[arn][1], lambda outcome, arn=arn: self._report(arn, outcome))  # type: ignore[misc]

    def stop(self, arn: str) -> None:
        """Give up the job of a resource, if it has not ended."""
        if arn in self._open:
            _, job, _ = self._open.pop(arn)
            self._jobs.stop(job)

    def all_prepared(self) -> bool:
        """Return whether each job that has not ended has a copy of all its input."""
        return not self._queued and all(is_prepared(job) for _, job, _ in self._open.values())

    def ended(self) -> Iterator[Path]:
        """Yield the folder of each job that has ended, or was given up."""
        pending = {job.folder for _, job, _ in self._open.values()}
        return (folder for folder in self._folders if folder not in pending)

    def read(self, arn: str, outcome: Outcome) -> Apply:
        """Read what a job wrote; return the function that applies it. Reading may be slow: hold no lock meanwhile."""
        if outcome.result is None or arn not in self._open:
            return _nothing
        _, job, read = self._open[arn]
        return read(job.folder, outcome.result)

    def end(self, arn: str, outcome: Outcome, apply: Apply, now: float) -> bool:
        """Apply what a job wrote and settle its resource; return False if the job is not pending any more."""
        if arn not in self._open:
            return False
        apply()
        resource, _, _ = self._open.pop(arn)
        resource.settle(now, outcome.failure)
        return True


def _nothing() -> None:
    """Apply nothing."""
