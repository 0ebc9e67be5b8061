"""The conversion of `./broker backfill` on this machine: small files in this process, others by several, resumable."""

import os
import shutil
import time
from functools import partial
from pathlib import Path

from cli.progress import WaitDisplay
from personalize_data.conversion import convert
from personalize_data.exports.part import SIZE, AtHand, here
from personalize_data.exports.work_folder import WorkFolder, default_folder
from personalize_data.import_summary import ImportSummary
from personalize_data.plan import Plan

SMALL = SIZE // 2  # bytes of all files, for which more processes take longer to start than they spare


class LocalConversion:
    """A conversion to one CSV. ``work``: the folder for what is converted; None for one below TMPDIR.

    ``at_hand``: brings parts here that are elsewhere; ``part_bytes``: of a part of a large file that is here.
    """

    def __init__(
        self, plan: Plan, work: Path | None, processes: int | None, at_hand: AtHand = here, part_bytes: int = SIZE
    ) -> None:
        self._plan, self._processes = plan, processes or len(os.sched_getaffinity(0))
        self._at_hand, self._part_bytes = at_hand, part_bytes
        self._total, self._identity = sum(source.size for source in plan.sources), plan.identity_in_order()
        in_one_process = work is None and self._total < SMALL
        self._work = None if in_one_process else work or default_folder(self._identity)

    def csv(self, path: Path, waiting: WaitDisplay) -> ImportSummary:
        """Write the CSV; return its summary. Stopped, it goes on where it was. Raises what ``convert`` does."""
        moved = waiting.bytes("converting", self._total)
        with path.open("w", encoding="utf-8", newline="") as out:
            if self._work is None:
                return convert(self._plan, out, time.time(), moved)
            from personalize_data.exports import processes  # a megabyte of memory, which small files do not need

            folder = WorkFolder(self._work)
            now = folder.started(self._identity, time.time())
            in_parts = partial(processes.converted, folder=folder, processes=self._processes, at_hand=self._at_hand)
            return convert(self._plan, out, now, moved, in_parts, self._part_bytes)

    def forget(self) -> None:
        """Remove what was kept to go on from: it holds personal data."""
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)
