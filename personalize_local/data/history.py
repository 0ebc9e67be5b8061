"""All interactions of one dataset, streamed and imported. An import in mode FULL replaces earlier imports."""

import itertools
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from personalize_local.data.archive import Archive
from personalize_local.data.streamed import RECENT, Streamed, columns_from_rows
from personalize_local.data.user_counts import UserCounts
from personalize_local.toggles import Toggles
from recommender_models.interactions import Interaction, InteractionColumns


class Imported:
    """The interactions that ``jobs.importing`` wrote into a job's folder, without users deleted since."""

    def __init__(self, job_folder: Path) -> None:
        self.job_folder = job_folder
        # A deletion writes a new, numbered folder; the newest one is valid.
        self.folder = max(
            (folder for folder in job_folder.glob("interactions*") if folder.suffix != ".partial"),
            key=lambda folder: int(folder.name.partition("-")[2] or 0),
        )
        self._columns = InteractionColumns.load(self.folder)
        # By user and time, so that a user's interactions lie side by side in memory.
        order = np.lexsort((self._columns.times, self._columns.users))
        self._users, self._items, self._types, self._times, self._values, self._contexts = (
            np.asarray(getattr(self._columns, name))[order]
            for name in ("users", "items", "types", "times", "values", "context")
        )
        self._counts = np.bincount(self._users, minlength=len(self._columns.user_ids))
        self._starts = np.r_[0, np.cumsum(self._counts)].tolist()
        self._type_names = [*self._columns.event_types, ""]  # NO_TYPE is the last place
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
        start, end = self._starts[code], self._starts[code + 1]
        return self._interactions(itertools.repeat(user_id), slice(max(start, end - RECENT), end))

    def between(self, start: float, end: float) -> Iterator[Interaction]:
        """Yield the interactions from ``start`` to before ``end``."""
        rows = np.flatnonzero((self._times >= start) & (self._times < end))
        names = self._columns.user_ids
        yield from self._interactions((names[user] for user in self._users[rows].tolist()), rows)

    def _interactions(self, users: Iterable[str], rows: npt.NDArray[np.intp] | slice) -> list[Interaction]:
        item_ids, type_names, texts = self._columns.item_ids, self._type_names, self._columns.contexts
        items = [item_ids[item] for item in self._items[rows].tolist()]
        types = [type_names[kind] for kind in self._types[rows].tolist()]
        values = [None if value != value else value for value in self._values[rows].tolist()]  # NaN
        times = map(float, self._times[rows].tolist())
        contexts = [texts[context] for context in self._contexts[rows].tolist()]
        # Not strict: ``users`` may have no end.
        return list(map(Interaction._make, zip(users, items, types, times, values, contexts, strict=False)))

    def forget(self, users: Collection[str]) -> "tuple[Imported, int]":
        """Return the import without some users, written to disk, and the number of deleted interactions.

        The old files stay until ``remove_older``, so that nothing that reads them meanwhile fails.
        """
        codes = [self._code[user] for user in users if user in self._code]
        remaining = ~np.isin(self._columns.users, codes)
        dropped = len(self) - int(remaining.sum())
        if not dropped:
            return self, 0
        number = int(self.folder.name.partition("-")[2] or 0) + 1
        partial = self.job_folder / f"interactions-{number}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        self._columns.take(remaining).without_unused_users().save(partial)
        partial.rename(self.job_folder / f"interactions-{number}")
        return Imported(self.job_folder), dropped

    def remove_older(self) -> None:
        """Remove the files of the import as it was before users were deleted."""
        for folder in self.job_folder.glob("interactions*"):
            if folder != self.folder:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Snapshot:
    """The input of a training: the folders of the imports, and the streamed interactions.

    It is taken within a request, which must be quick, and saved after it.
    """

    imports: tuple[Path, ...]
    archived: Archive
    streamed: list[Interaction]

    def save(self, folder: Path) -> list[str]:
        """Write all interactions into ``folder``; return the folders, for a training's spec.

        The imports' files are linked or copied: what becomes of an import must not disturb a job that uses it.
        """
        parts = []
        for number, path in enumerate(self.imports):
            shutil.copytree(path, folder / f"import-{number}", copy_function=link_or_copy)
            parts.append(folder / f"import-{number}")
        if len(self.archived):
            self.archived.columns().save(folder / "archived")
            parts.append(folder / "archived")
        columns_from_rows(self.streamed).save(folder / "streamed")
        return [str(path) for path in (*parts, folder / "streamed")]


def link_or_copy(source: str, target: str) -> None:
    """Make a file another name, or a copy where that is impossible: for ``shutil.copytree``."""
    try:
        Path(target).hardlink_to(source)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


class History:
    """The interactions of one dataset."""

    def __init__(self, toggles: Toggles) -> None:
        self._per_user = UserCounts()
        self.streamed = Streamed(toggles, self._per_user)
        self._imports: list[Imported] = []

    def _take(self, imports: list[Imported]) -> None:
        self._imports = imports
        self._per_user.set(self.streamed.per_user(), *(imported.per_user for imported in imports))

    def add_import(self, imported: Imported, *, replace: bool) -> None:
        """Add the rows of an import."""
        self._take([*([] if replace else self._imports), imported])

    def for_user(self, user_id: str, now: float) -> list[Interaction]:
        """Return a user's newest visible interactions, in time order; ``user_id`` may be a session's."""
        own = self.streamed.for_user(user_id, now)
        if not self._imports:
            return own
        known = self.streamed.known_as(user_id)
        merged = [interaction for imported in self._imports for interaction in imported.for_user(known)]
        # An interaction that was both imported and streamed counts once.
        return sorted(dict.fromkeys([*merged, *own]), key=attrgetter("time"))[-RECENT:]

    def between(self, start: float, end: float, now: float) -> Iterator[Interaction]:
        """Yield the visible interactions from ``start`` to before ``end``, in no particular order."""
        yield from self.streamed.between(start, end, now)
        for imported in self._imports:
            yield from imported.between(start, end)

    def snapshot(self, now: float) -> Snapshot:
        """Return the input of a training that starts at ``now``."""
        rows = self.streamed.rows(now)
        return Snapshot(tuple(imported.folder for imported in self._imports), self.streamed.archived, rows)

    def totals(self, now: float) -> tuple[int, int, int]:
        """Return visible interactions, users, and users with two interactions or more."""
        return self.size(now), self._per_user.users, self._per_user.with_two

    def size(self, now: float) -> int:
        """Return how many interactions are visible."""
        self.streamed.show(now)
        return self.streamed.visible + sum(map(len, self._imports))

    def forgetting(self, users: Collection[str]) -> Callable[[float], int]:
        """Write the imports without some users, which may be slow; return the function that drops all of theirs.

        It takes the time, and returns the number of dropped interactions. No import may end in between.
        """
        pairs = [imported.forget(users) for imported in self._imports]

        def forget(now: float) -> int:
            dropped = self.streamed.forget(users, now) + sum(number for _, number in pairs)
            self._take([remaining for remaining, _ in pairs])
            for remaining, _ in pairs:
                remaining.remove_older()
            return dropped

        return forget

    @property
    def import_folders(self) -> list[Path]:
        """The folders of the jobs whose imports are in it."""
        return [imported.job_folder for imported in self._imports]

    def save(self, folder: Path, root: Path) -> None:
        """Write the streamed interactions, and which imports there are; their own files stay where they are."""
        folder.mkdir()
        names = [path.relative_to(root).as_posix() for path in self.import_folders]
        (folder / "imports.json").write_text(json.dumps(names))
        self.streamed.save(folder)

    def load(self, folder: Path, root: Path) -> None:
        """Become what was saved."""
        self.streamed.load(folder)
        self._take([Imported(root / name) for name in json.loads((folder / "imports.json").read_text())])
