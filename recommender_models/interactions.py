"""Interactions, one by one and as columns of equal length: what a training reads, and what a file holds.

A row of columns costs 22 bytes instead of an object's hundreds, so a million of them fit in memory.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

NO_TYPE = -1


@dataclass(frozen=True, eq=False)
class InteractionColumns:
    """``n`` interactions. ``users``, ``items`` and ``types`` are codes: places in the lists of distinct names.

    ``times`` are epoch seconds; ``values`` is NaN and ``types`` is -1 where there is none.
    """

    user_ids: Sequence[str]
    item_ids: Sequence[str]
    event_types: Sequence[str]
    users: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    types: npt.NDArray[np.int16]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "InteractionColumns":
        """Return some of the rows, by place or by mask; the lists of names stay whole."""
        chosen = {name: getattr(self, name)[rows] for name in CODED}
        return InteractionColumns(self.user_ids, self.item_ids, self.event_types, **chosen)

    def rows(self) -> "Iterator[Interaction]":
        """Yield the interactions one by one."""
        coded = (self.users.tolist(), self.items.tolist(), self.types.tolist(), self.times.tolist(), self.values)
        for user, item, kind, time, value in zip(*coded, strict=True):
            event_type = "" if kind == NO_TYPE else self.event_types[kind]
            number = None if np.isnan(value) else float(value)
            yield Interaction(self.user_ids[user], self.item_ids[item], event_type, float(time), number)

    def without_unused_users(self) -> "InteractionColumns":
        """Return the same rows with the names of users that have a row, and no others."""
        used, codes = np.unique(self.users, return_inverse=True)
        chosen = {name: getattr(self, name) for name in CODED} | {"users": codes.astype(np.int32)}
        names = [self.user_ids[user] for user in used.tolist()]
        return InteractionColumns(names, self.item_ids, self.event_types, **chosen)

    def save(self, folder: Path) -> None:
        """Write one file a column into a new or empty folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in CODED:
            np.save(folder / f"{name}.npy", getattr(self, name))
        for name in NAMES:
            # As JSON: NumPy's own strings lose trailing NULs.
            (folder / f"{name}.json").write_text(json.dumps(list(getattr(self, name))))

    @classmethod
    def load(cls, folder: Path) -> "InteractionColumns":
        """Read what ``save`` wrote; the columns stay on disk until they are looked at."""
        names: dict[str, Any] = {name: json.loads((folder / f"{name}.json").read_text()) for name in NAMES}
        return cls(**names, **{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in CODED})


NAMES = ("user_ids", "item_ids", "event_types")


CODED = tuple(field.name for field in fields(InteractionColumns) if field.name not in NAMES)


EMPTY = InteractionColumns(
    [],
    [],
    [],
    users=np.zeros(0, np.int32),
    items=np.zeros(0, np.int32),
    types=np.zeros(0, np.int16),
    times=np.zeros(0, np.int64),
    values=np.zeros(0, np.float32),
)


def combine(parts: Sequence[InteractionColumns]) -> InteractionColumns:
    """Return all rows of several parts, in order, under one list of names each. At least one part."""
    names: dict[str, Any] = {
        name: list(dict.fromkeys(text for part in parts for text in getattr(part, name))) for name in NAMES
    }
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in ("times", "values")
    }
    for name, column in (("user_ids", "users"), ("item_ids", "items"), ("event_types", "types")):
        code = {text: index for index, text in enumerate(names[name])}
        columns[column] = np.concatenate([_recoded(part, name, column, code) for part in parts])
    return InteractionColumns(**names, **columns)


def _recoded(part: InteractionColumns, name: str, column: str, code: dict[str, int]) -> npt.NDArray[np.integer]:
    codes = getattr(part, column)
    # One place more than there are names: NO_TYPE (-1) finds itself at the end.
    new = np.array([*(code[text] for text in getattr(part, name)), NO_TYPE], dtype=codes.dtype)
    return new[codes]


class Interaction(NamedTuple):
    """One event as training sees it; ``user`` is a user id or, as long as that is not known, a session id."""

    user: str
    item: str
    event_type: str
    time: float
    value: float | None
