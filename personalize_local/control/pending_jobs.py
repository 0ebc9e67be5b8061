"""The jobs that resources wait for: started once their request is kept, settled when they report back."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from personalize_local.control.resources import Resource
from personalize_local.jobs.runner import Job, Jobs, Outcome

Prepare = Callable[[Path], Mapping[str, Any]]
Take = Callable[[], None]
Read = Callable[[Path, Mapping[str, Any]], Take]
"""Reads what a job that ended well has left, its folder and its result, and returns what takes that in at once."""


class PendingJobs:
    """All jobs that have not ended. ``report(ARN, outcome)`` is called when one has, perhaps from another thread."""

    def __init__(self, jobs: Jobs, root: Path, report: Callable[[str, Outcome], None]) -> None:
        """``root``: where the jobs' folders are."""
        self._jobs = jobs
        self._root = root
        self._report = report
        self._open: dict[str, tuple[Resource, Job, Read]] = {}
        self._queued: list[str] = []

    def start(self, kind: str, resource: Resource, folder_id: str, prepare: Prepare, read: Read) -> None:
        """Queue the job of a resource: ``prepare`` writes what it reads, ``read`` takes what it leaves."""
        resource.works = True
        job = Job(kind, self._root / kind / folder_id, prepare)
        self._open[resource.arn] = resource, job, read
        self._queued.append(resource.arn)

    def launch(self) -> None:
        """Start what is queued, but for those whose end has been replayed: only after their requests are journaled."""
        queued, self._queued = self._queued, []
        for arn in queued:
            if arn in self._open:
                self._jobs.start(self._open[arn][1], lambda outcome, arn=arn: self._report(arn, outcome))  # type: ignore[misc]

    def read(self, arn: str, outcome: Outcome) -> Take:
        """Return what takes in what a job has left. Reading may take long: others need not wait for it."""
        if outcome.result is None or arn not in self._open:
            return _nothing
        _, job, read = self._open[arn]
        return read(job.folder, outcome.result)

    def end(self, arn: str, outcome: Outcome, take: Take, now: float) -> bool:
        """Settle the resource of a job; False if it is not waited for any more."""
        if arn not in self._open:
            return False
        take()
        resource, _, _ = self._open.pop(arn)
        resource.settle(now, outcome.failure)
        return True


def _nothing() -> None:
    """Take nothing in."""
