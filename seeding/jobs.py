"""The batch inference job of a target: its name, by which an interrupted seeding finds it again."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lifecycle.batch import Job
from lifecycle.bucket import BATCH
from lifecycle.names import Names
from lifecycle.resources import State
from seeding.targets import Target

FAILED = ("FAILED", "STOPPED")


@dataclass(frozen=True)
class SeedJob:
    """A job, and whether Personalize has it already."""

    job: Job
    is_there: bool

    @property
    def progress_key(self) -> str:
        """Return the key of the seeding's progress, beside the job's files, with which it expires."""
        return f"{BATCH}/seed/{self.job.name}.json"


def decide(jobs: Iterable[State], names: Names, target: Target, limit: int, identity: Sequence[object]) -> SeedJob:
    """Return the job: the one that an earlier run has made and that has not failed, or a new one.

    ``identity``: what else makes another job of it: the files, and how they are read.
    """
    known = [target.version_arn, target.filter_arn, dict(target.config), list(target.variants), limit, *identity]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:10]
    status = {job["jobName"]: str(job["status"]) for job in jobs}
    for attempt in range(1, len(status) + 2):
        name = names.job("seed", digest, attempt)
        if name not in status or not status[name].endswith(FAILED):
            job = Job(name, target.version_arn, limit, target.filter_arn, target.config)
            return SeedJob(job, name in status)
    raise AssertionError("more names than jobs")
