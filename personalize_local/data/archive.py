"""Many users' interactions as columns: what a snapshot keeps of a stream, read fast and turned into objects late.

The rows are sorted by user; a user's rows are in the order in which they came.
"""

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender_models.interactions import Interaction, InteractionColumns

NAMES = ("users", "items", "types", "contexts")
COLUMNS = ("starts", "item", "type", "time", "value", "context")


@dataclass(frozen=True, eq=False)
class Archive:
    """``n`` interactions. ``starts``: the first row of each of ``users``, and ``n``.

    ``item``, ``type`` and ``context`` are codes. ``time``: epoch seconds with their fraction, which a training rounds
    down. ``value``: NaN where there is none.
    """

    users: Sequence[str]
    items: Sequence[str]
    types: Sequence[str]
    contexts: Sequence[str]
    starts: npt.NDArray[np.int64]
    item: npt.NDArray[np.int32]
    type: npt.NDArray[np.int32]
    time: npt.NDArray[np.float64]
    value: npt.NDArray[np.float64]
    context: npt.NDArray[np.int32]

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Interaction]]) -> "Archive":
        """Return the archive of each user's interactions."""
        users = [user for user, own in rows.items() if own]
        flat = [row for user in users for row in rows[user]]
        items, item = _coded([row.item for row in flat])
        types, type_ = _coded([row.event_type for row in flat])
        contexts, context = _coded([row.context for row in flat])
        starts = np.zeros(len(users) + 1, np.int64)
        np.cumsum([len(rows[user]) for user in users], out=starts[1:])
        time = np.array([row.time for row in flat], np.float64)
        value = np.array([math.nan if row.value is None else row.value for row in flat], np.float64)
        return cls(users, items, types, contexts, starts, item, type_, time, value, context)

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def _code(self) -> dict[str, int]:
        return {user: code for code, user in enumerate(self.users)}

    @property
    def counts(self) -> dict[str, int]:
        """The number of interactions of each user."""
        return dict(zip(self.users, np.diff(self.starts).tolist(), strict=True))

    def __contains__(self, user: str) -> bool:
        return user in self._code

    def newest(self, user: str, most: int) -> list[Interaction]:
        """Return the last interactions of a user in the order in which they came."""
        code = self._code.get(user)
        if code is None:
            return []
        end = int(self.starts[code + 1])
        rows = slice(max(int(self.starts[code]), end - most), end)
        columns = (getattr(self, name)[rows].tolist() for name in COLUMNS[1:])
        return [self._interaction(user, *row) for row in zip(*columns, strict=True)]

    def between(self, start: float, end: float) -> Iterator[Interaction]:
        """Yield the interactions from ``start`` to before ``end``."""
        rows = np.flatnonzero((self.time >= start) & (self.time < end))
        owners = np.searchsorted(self.starts, rows, side="right") - 1
        columns = (getattr(self, name)[rows].tolist() for name in COLUMNS[1:])
        for owner, *row in zip(owners.tolist(), *columns, strict=True):
            yield self._interaction(self.users[owner], *row)

    def _interaction(self, user: str, item: int, kind: int, time: float, value: float, context: int) -> Interaction:
        number = None if math.isnan(value) else value
        return Interaction(user, self.items[item], self.types[kind], time, number, self.contexts[context])

    def without(self, users: Collection[str]) -> "Archive":
        """Return the archive without some users."""
        gone = {self._code[user] for user in users if user in self._code}
        if not gone:
            return self
        lengths = np.diff(self.starts)
        stays = np.ones(len(self.users), bool)
        stays[list(gone)] = False
        rows = np.repeat(stays, lengths)
        starts = np.r_[0, np.cumsum(lengths[stays])]
        left = [user for code, user in enumerate(self.users) if code not in gone]
        chosen = {name: getattr(self, name)[rows] for name in COLUMNS[1:]}
        return Archive(left, self.items, self.types, self.contexts, starts, **chosen)

    def with_rows(self, rows: Mapping[str, Sequence[Interaction]]) -> "Archive":
        """Return the archive with further interactions after those of each user."""
        parts = (self, Archive.of(rows))
        users = list(dict.fromkeys(user for part in parts for user in part.users))
        code = {user: place for place, user in enumerate(users)}
        owners = np.concatenate(
            [np.repeat(np.array([code[user] for user in part.users], np.int64), np.diff(part.starts)) for part in parts]
        )
        order = np.argsort(owners, kind="stable")
        items, item = _recoded([(part.items, part.item) for part in parts])
        types, type_ = _recoded([(part.types, part.type) for part in parts])
        contexts, context = _recoded([(part.contexts, part.context) for part in parts])
        starts = np.r_[0, np.cumsum(np.bincount(owners, minlength=len(users)))]
        time, value = (np.concatenate([getattr(part, name) for part in parts]) for name in ("time", "value"))
        sorted_codes = item[order], type_[order]
        return Archive(users, items, types, contexts, starts, *sorted_codes, time[order], value[order], context[order])

    def columns(self) -> InteractionColumns:
        """Return all rows for a training."""
        owners = np.repeat(np.arange(len(self.users), dtype=np.int32), np.diff(self.starts))
        return InteractionColumns(
            self.users,
            self.items,
            self.types,
            users=owners,
            items=self.item,
            types=self.type.astype(np.int16),
            times=self.time.astype(np.int64),
            values=self.value.astype(np.float32),
            contexts=self.contexts,
            context=self.context,
        )

    def save(self, folder: Path) -> None:
        """Write one file a column into a new folder."""
        folder.mkdir(parents=True)
        for name in NAMES:
            (folder / f"{name}.json").write_text(json.dumps(list(getattr(self, name))))
        for name in COLUMNS:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> "Archive":
        """Read what ``save`` wrote; in folders of earlier versions no interaction has a context."""
        names, columns = list(NAMES), list(COLUMNS)
        parts: dict[str, Any] = {}
        if not (folder / "contexts.json").exists():
            names.remove("contexts")
            columns.remove("context")
            parts = {"contexts": [""], "context": np.zeros(len(np.load(folder / "item.npy")), np.int32)}
        parts |= {name: json.loads((folder / f"{name}.json").read_text()) for name in names}
        return cls(**parts, **{name: np.load(folder / f"{name}.npy") for name in columns})


def _coded(names: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int32]]:
    distinct = list(dict.fromkeys(names))
    code = {name: place for place, name in enumerate(distinct)}
    return distinct, np.array([code[name] for name in names], np.int32)


def _recoded(
    parts: Sequence[tuple[Sequence[str], npt.NDArray[np.int32]]],
) -> tuple[list[str], npt.NDArray[np.int32]]:
    """Return the distinct names of all parts, and all codes as places among them."""
    distinct = list(dict.fromkeys(name for names, _ in parts for name in names))
    code = {name: place for place, name in enumerate(distinct)}
    new = [np.array([code[name] for name in names], np.int32)[codes] for names, codes in parts if len(codes)]
    return distinct, np.concatenate(new) if new else np.zeros(0, np.int32)


NOTHING = Archive.of({})
