"""The job that writes a snapshot of the state at the end of a journal's segment.

It replays the newest snapshot and the segments after it, as a restart does, so that the service goes on meanwhile.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from personalize_local.jobs.runner import Done, Job
from personalize_local.journal import PARTIAL, SNAPSHOTS, JournalReader
from personalize_local.service import Personalize


class NoJobs:
    """Starts nothing: the jobs are the running service's."""

    def start(self, job: Job, done: Done) -> None:
        """Do nothing."""

    def stop(self, job: Job) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def run(spec: Mapping[str, Any], _: Path) -> dict[str, Any]:
    """Write the snapshot.

    Spec: ``journal`` (its folder), ``root`` (of the jobs' folders), ``upto`` (the segment),
    ``now`` (epoch seconds). Result: its size in
    ``bytes``, and the ``unused`` folders below ``root``.
    """
    journal = Path(spec["journal"])
    reader = JournalReader(journal, spec["upto"])
    service = Personalize(
        clock=lambda: spec["now"],
        lag=lambda: 0.0,
        jobs=NoJobs(),
        folder=Path(spec["root"]),
        toggles=None,
        journal=reader,
    )
    target = journal / SNAPSHOTS / str(spec["upto"])
    partial = target.with_name(f"{target.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    unused = service.save(partial)
    partial.rename(target)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    return {"bytes": size, "unused": unused}
