"""The interactions of one import, on disk, indexed by user."""

import math
import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np

from personalize_local.data.streamed import RECENT
from recommender_models.interactions import NO_TYPE, Interaction, InteractionColumns


class Imported:
    """The interactions that ``jobs.importing`` wrote into a job's folder, without users deleted since."""

    def __init__(self, job_folder: Path) -> None:
        self._job_folder = job_folder
        # A deletion writes a new, numbered folder; the newest one is valid.
        self.folder = max(
            (folder for folder in job_folder.glob("interactions*") if folder.suffix != ".partial"),
            key=lambda folder: int(folder.name.partition("-")[2] or 0),
        )
        self._columns = InteractionColumns.load(self.folder)
        self._order = np.argsort(self._columns.users, kind="stable")
        self._counts = np.bincount(self._columns.users, minlength=len(self._columns.user_ids))
        self._starts = np.r_[0, np.cumsum(self._counts)]
        names = self._columns.user_ids
        self._code = {user: code for code, user in enumerate(names)}
        # How many interactions each user has.
        self.per_user = dict(zip(names, self._counts.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self._columns)

    def for_user(self, user_id: str) -> list[Interaction]:
        """Return a user's newest interactions, in time order."""
        code = self._code.get(user_id)
        if code is None:
            return []
        rows = self._order[self._starts[code] : self._starts[code + 1]]
        rows = rows[np.argsort(self._columns.times[rows], kind="stable")][-RECENT:]
        return [self._interaction(row) for row in rows.tolist()]

    def _interaction(self, row: int) -> Interaction:
        own = self._columns
        kind, value = int(own.types[row]), float(own.values[row])
        return Interaction(
            own.user_ids[own.users[row]],
            own.item_ids[own.items[row]],
            "" if kind == NO_TYPE else own.event_types[kind],
            float(own.times[row]),
            None if math.isnan(value) else value,
        )

    def forget(self, users: Collection[str]) -> "tuple[Imported, int]":
        """Return the import without some users, written to disk, and the number of deleted interactions."""
        codes = [self._code[user] for user in users if user in self._code]
        remaining = ~np.isin(self._columns.users, codes)
        dropped = len(self) - int(remaining.sum())
        if not dropped:
            return self, 0
        number = int(self.folder.name.partition("-")[2] or 0) + 1
        partial = self._job_folder / f"interactions-{number}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        self._columns.take(remaining).without_unused_users().save(partial)
        partial.rename(self._job_folder / f"interactions-{number}")
        shutil.rmtree(self.folder)
        return Imported(self._job_folder), dropped
