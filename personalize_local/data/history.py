"""All interactions of one dataset, streamed and imported. An import in mode FULL replaces what was imported before."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from personalize_local.behaviour import Behaviour
from personalize_local.data.columns import InteractionColumns
from personalize_local.data.imported import Imported
from personalize_local.data.interactions import RECENT, Interaction
from personalize_local.data.streamed import Streamed


@dataclass(frozen=True)
class Snapshot:
    """What a training may use: the folders of the imports, and the streamed interactions."""

    imports: tuple[Path, ...]
    streamed: InteractionColumns

    def save(self, folder: Path) -> list[str]:
        """Write the streamed ones into ``folder``; return the folders of all, as a training's spec names them."""
        self.streamed.save(folder / "streamed")
        return [str(one) for one in (*self.imports, folder / "streamed")]


class History:
    """The interactions of one dataset."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.streamed = Streamed(behaviour)
        self._imports: list[Imported] = []

    def add_import(self, job_folder: Path, *, replace: bool) -> None:
        """Take what an import left in its folder."""
        self._imports = [*([] if replace else self._imports), Imported(job_folder)]

    def of_user(self, user_id: str, now: float) -> list[Interaction]:
        """Return a shopper's newest visible interactions, in time order; ``user_id`` may be a session's."""
        own = self.streamed.of_user(user_id, now)
        if not self._imports:
            return own
        known = self.streamed.known_as(user_id)
        merged = [interaction for one in self._imports for interaction in one.of_user(known)]
        # An interaction that was both imported and streamed is one.
        return sorted(dict.fromkeys([*merged, *own]), key=lambda interaction: interaction.time)[-RECENT:]

    def snapshot(self, now: float) -> Snapshot:
        """Return what a training that starts at ``now`` uses."""
        return Snapshot(tuple(one.folder for one in self._imports), self.streamed.columns(now))

    def totals(self, now: float) -> tuple[int, int, int]:
        """Return visible interactions, users, and users with two interactions or more."""
        per_user = Counter(self.streamed.per_user(now))
        for one in self._imports:
            per_user.update(one.per_user())
        rows = self.streamed.visible + sum(map(len, self._imports))
        return rows, len(per_user), sum(count >= 2 for count in per_user.values())

    def size(self, now: float) -> int:
        """Return how many interactions are visible."""
        self.streamed.show(now)
        return self.streamed.visible + sum(map(len, self._imports))

    def forget(self, users: Collection[str]) -> int:
        """Drop all interactions of some users; return how many."""
        pairs = [one.forget(users) for one in self._imports]
        self._imports = [kept for kept, _ in pairs]
        return self.streamed.forget(users) + sum(dropped for _, dropped in pairs)
