"""Interactions, one by one and as columns of equal length: what a training reads, and what a file holds.

A row of columns costs 26 bytes instead of an object's hundreds, so a million of them fit in memory.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

NO_TYPE = -1


@dataclass(frozen=True, eq=False)
class InteractionColumns:
    """``n`` interactions. ``users``, ``items``, ``types`` and ``context`` are codes: places in lists of distinct names.

    ``times`` are epoch seconds; ``values`` is NaN and ``types`` is -1 where there is none. Texts of ``contexts`` are
    those of ``context.values``, of which the empty one is none; without ``context`` no interaction has any.
    """

    user_ids: Sequence[str]
    item_ids: Sequence[str]
    event_types: Sequence[str]
    users: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    types: npt.NDArray[np.int16]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    contexts: Sequence[str] = ("",)
    context: npt.NDArray[np.int32] = None  # type: ignore[assignment] # set at once

    def __post_init__(self) -> None:
        if self.context is None:
            object.__setattr__(self, "context", np.zeros(len(self.users), np.int32))

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "InteractionColumns":
        """Return some of the rows, by place or by mask; the lists of names stay whole."""
        chosen = {name: getattr(self, name)[rows] for name in CODED}
        return replace(self, **chosen)

    def rows(self) -> "Iterator[Interaction]":
        """Yield the interactions one by one."""
        coded = (getattr(self, name).tolist() for name in ("users", "items", "types", "times", "context"))
        for user, item, kind, time, context, value in zip(*coded, self.values, strict=True):
            event_type = "" if kind == NO_TYPE else self.event_types[kind]
            number = None if np.isnan(value) else float(value)
            names = self.user_ids[user], self.item_ids[item], event_type
            yield Interaction(*names, float(time), number, self.contexts[context])

    def without_unused_users(self) -> "InteractionColumns":
        """Return the same rows with the names of users that have a row, and no others."""
        used, codes = np.unique(self.users, return_inverse=True)
        return replace(self, user_ids=[self.user_ids[user] for user in used.tolist()], users=codes.astype(np.int32))

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
        """Read what ``save`` wrote; the columns stay on disk until they are looked at.

        Folders of earlier versions have no contexts.
        """
        columns: dict[str, Any] = {}
        for name in NAMES:
            path = folder / f"{name}.json"
            columns |= {name: json.loads(path.read_text())} if name != "contexts" or path.exists() else {}
        for name in CODED:
            path = folder / f"{name}.npy"
            columns |= {name: np.load(path, mmap_mode="r")} if name != "context" or path.exists() else {}
        return cls(**columns)


NAMES = ("user_ids", "item_ids", "event_types", "contexts")


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
    coded = (("user_ids", "users"), ("item_ids", "items"), ("event_types", "types"), ("contexts", "context"))
    for name, column in coded:
        code = {text: index for index, text in enumerate(names[name])}
        columns[column] = np.concatenate([_recoded(part, name, column, code) for part in parts])
    return InteractionColumns(**names, **columns)


def _recoded(part: InteractionColumns, name: str, column: str, code: dict[str, int]) -> npt.NDArray[np.integer]:
    codes = getattr(part, column)
    # One place more than there are names: NO_TYPE (-1) finds itself at the end.
    new = np.array([*(code[text] for text in getattr(part, name)), NO_TYPE], dtype=codes.dtype)
    return new[codes]


class Interaction(NamedTuple):
    """One event as training sees it; ``user`` is a user id or, as long as that is not known, a session id.

    ``context``: a text of ``context.values``.
    """

    user: str
    item: str
    event_type: str
    time: float
    value: float | None
    context: str = ""
