"""When the journal is replaced by a snapshot, and what is removed then."""

import logging
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from personalize_local.jobs.runner import Job, Jobs, Outcome
from personalize_local.journal import Journal

LOG = logging.getLogger(__name__)
SNAPSHOT_AFTER = 4 * 1024 * 1024  # bytes of journal: their replay takes about a second
SHARE = 0.1  # of the newest snapshot: a larger state is written less often


class Compacting:
    """``soon``: whether a snapshot is due whatever the journal's size."""

    def __init__(self, journal: Journal, jobs: Jobs, root: Path, least: int = SNAPSHOT_AFTER) -> None:
        """``root`` holds the jobs' folders; ``least``: bytes of journal that a snapshot replaces."""
        self._journal = journal
        self._jobs = jobs
        self._root = root
        self._is_running = False
        self._least = self._limit = least
        self.soon = False

    def start_if_due(self, now: float, lock: AbstractContextManager[object], all_prepared: Callable[[], bool]) -> None:
        """Begin a snapshot if one is due. Call it within the lock, while all jobs have copies of their input.

        ``all_prepared()`` tells, within the lock, whether that is so when the snapshot is there.
        """
        if self._is_running or not (self.soon or self._journal.size > self._limit):
            return
        self._is_running, self.soon = True, False
        number = self._journal.rotate()
        spec = {"journal": str(self._journal.folder), "root": str(self._root), "upto": number, "now": now}
        job = Job("compaction", self._root / "compaction" / str(number), lambda _: spec)

        def done(outcome: Outcome) -> None:
            with lock:
                unused = self._done(number, outcome)
                removable = unused if all_prepared() else []
            for path in (*(self._root / name for name in removable), job.folder):
                shutil.rmtree(path, ignore_errors=True)

        self._jobs.start(job, done)

    def _done(self, number: int, outcome: Outcome) -> list[str]:
        """Remove what the snapshot replaces; return the jobs' folders that nothing needs any more."""
        self._is_running = False
        if outcome.result is None:
            LOG.error("no snapshot could be written: %s", outcome.failure)
            self._limit = 2 * max(self._limit, self._journal.size)
            return []
        self._journal.discard(number)
        self._limit = max(self._least, int(SHARE * outcome.result["bytes"]))
        unused: list[str] = outcome.result["unused"]
        return unused
