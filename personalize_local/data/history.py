"""All interactions of one dataset, streamed and imported. An import in mode FULL replaces earlier imports."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from personalize_local.data.imported import Imported
from personalize_local.data.streamed import RECENT, Streamed, columns_from_rows
from personalize_local.toggles import Toggles
from recommender_models.interactions import Interaction


@dataclass(frozen=True)
class Snapshot:
    """The input of a training: the folders of the imports, and the streamed interactions.

    It is taken within a request, which must be quick, and saved after it.
    """

    imports: tuple[Path, ...]
    streamed: list[Interaction]

    def save(self, folder: Path) -> list[str]:
        """Write the streamed interactions into ``folder``; return all folders, for a training's spec."""
        columns_from_rows(self.streamed).save(folder / "streamed")
        return [str(path) for path in (*self.imports, folder / "streamed")]


class History:
    """The interactions of one dataset."""

    def __init__(self, toggles: Toggles) -> None:
        self.streamed = Streamed(toggles)
        self._take([])

    def _take(self, imports: list[Imported]) -> None:
        self._imports = imports
        self._imported_per_user: Counter[str] = Counter()
        for imported in imports:
            self._imported_per_user.update(imported.per_user)
        self._imported_with_two = sum(count >= 2 for count in self._imported_per_user.values())

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
        return sorted(dict.fromkeys([*merged, *own]), key=lambda interaction: interaction.time)[-RECENT:]

    def snapshot(self, now: float) -> Snapshot:
        """Return the input of a training that starts at ``now``."""
        return Snapshot(tuple(imported.folder for imported in self._imports), self.streamed.rows(now))

    def totals(self, now: float) -> tuple[int, int, int]:
        """Return visible interactions, users, and users with two interactions or more."""
        streamed = self.streamed.per_user(now)
        before = [self._imported_per_user.get(user, 0) for user in streamed]
        users = len(self._imported_per_user) + before.count(0)
        newly = sum(count + had >= 2 > had for count, had in zip(streamed.values(), before, strict=True))
        return self.size(now), users, self._imported_with_two + newly

    def size(self, now: float) -> int:
        """Return how many interactions are visible."""
        self.streamed.show(now)
        return self.streamed.visible + sum(map(len, self._imports))

    def forget(self, users: Collection[str], now: float) -> int:
        """Drop all interactions of some users; return how many."""
        pairs = [imported.forget(users) for imported in self._imports]
        self._take([remaining for remaining, _ in pairs])
        return self.streamed.forget(users, now) + sum(dropped for _, dropped in pairs)
