"""The jobs that resources wait for: started once their request is kept, settled when they report back."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from personalize_local.control.resources import Resource
from personalize_local.jobs.runner import Job, Jobs, Outcome

Prepare = Callable[[Path], Mapping[str, Any]]
Apply = Callable[[Path, Mapping[str, Any]], None]
"""Takes the folder and the result of a job that ended well."""


class Work:
    """All jobs that have not ended. ``report(ARN, outcome)`` is called when one has, perhaps from another thread."""

    def __init__(self, jobs: Jobs, root: Path, report: Callable[[str, Outcome], None]) -> None:
        """``root``: where the jobs' folders are."""
        self._jobs = jobs
        self._root = root
        self._report = report
        self._open: dict[str, tuple[Resource, Job, Apply]] = {}
        self._queued: list[str] = []

    def start(self, kind: str, resource: Resource, folder_id: str, prepare: Prepare, apply: Apply) -> None:
        """Queue the job of a resource: ``prepare`` writes what it reads, ``apply`` takes its result."""
        resource.works = True
        job = Job(kind, self._root / kind / folder_id, prepare)
        self._open[resource.arn] = resource, job, apply
        self._queued.append(resource.arn)

    def launch(self) -> None:
        """Start what is queued, but for those whose end has been replayed: only after their requests are journaled."""
        queued, self._queued = self._queued, []
        for arn in queued:
            if arn in self._open:
                self._jobs.start(self._open[arn][1], lambda outcome, arn=arn: self._report(arn, outcome))  # type: ignore[misc]

    def end(self, arn: str, outcome: Outcome, now: float) -> bool:
        """Settle the resource of a job; False if it is not waited for any more."""
        if arn not in self._open:
            return False
        resource, job, apply = self._open.pop(arn)
        if outcome.result is not None:
            apply(job.folder, outcome.result)
        resource.settle(now, outcome.failure)
        return True
