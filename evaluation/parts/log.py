"""Interactions in parts on disk: each part a ``Log`` of some users, all with the same items and event types."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from evaluation.data import log as logs
from evaluation.data.left_out import LeftOut
from evaluation.data.log import Log
from evaluation.parts.ids import bare
from personalize_data.errors import BadFile
from recommender_models.training_set import Codes, TrainingSet

SMALL = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class PartedLog:
    """All interactions. What it has of ``Log`` means the same. Iterating reads one part after the other."""

    files: Sequence[Path]
    item_ids: Sequence[str]
    event_types: Sequence[str]
    interactions: int
    users: int
    first: int
    last: int
    duplicates: int
    left_out: Mapping[str, LeftOut]
    id_notes: Sequence[str]
    file_rows: int
    """Of the files that were read."""
    whole_users: bool = False

    def __len__(self) -> int:
        return self.interactions

    def __iter__(self) -> Iterator[Log]:
        for part in range(len(self.files)):
            yield self.part(part)

    def part(self, number: int) -> Log:
        """Read a part."""
        folder = self.files[number]
        user_ids = json.loads((folder / "users.json").read_text())
        columns = {path.stem: np.load(path) for path in folder.glob("*.npy")}
        times, size = columns["times"].astype(np.int64), len(columns["times"])
        users = np.repeat(np.arange(len(user_ids), dtype=np.int32), columns["counts"])
        rows = TrainingSet(
            [bare(user) for user in user_ids] if self.whole_users else user_ids,
            self.item_ids, users, columns["items"], times, np.ones(size, dtype=np.float32),
        )  # fmt: skip
        types = columns.get("types", np.broadcast_to(np.int16(-1), size))
        return Log(rows, columns.get("places", np.broadcast_to(np.int8(-1), size)), types, self.event_types, 0)

    def times(self) -> Iterator[Codes]:
        """Yield the times of each part, in some order."""
        for folder in self.files:
            yield np.load(folder / "times.npy")

    @property
    def notes(self) -> list[str]:
        """Return a sentence for each reason for which rows are not among the interactions, and for changed ids."""
        return logs.notes(self.duplicates, self.left_out, self.id_notes)


class PartFiles:
    """Writes sorted parts, one file a column."""

    def __init__(self, folder: Path, item_ids: Sequence[str], event_types: Sequence[str]) -> None:
        self._folder, self._item_ids, self._event_types = folder, item_ids, event_types
        self._files: list[Path] = []
        self._rows = self._users = self._duplicates = 0
        self._first, self._last = np.iinfo(np.int64).max, np.iinfo(np.int64).min

    def write(self, frame: pl.DataFrame, item_code: Codes, type_code: Codes) -> Sequence[str]:
        """Write a part; return its user ids, sorted. ``item_code``, ``type_code``: the final codes of those in it."""
        texts = frame["user"].cast(pl.Categorical(pl.Categories.random()))
        user_ids, users = logs.coded(texts, texts.unique())
        types = type_code[frame["type"].fill_null(-1).to_numpy()] if "type" in frame.columns else None
        places = frame["place"].to_numpy() if "place" in frame.columns else None
        size = len(frame)
        log = logs.in_order(
            [], self._item_ids, self._event_types, users, item_code[frame["item"].to_numpy()],
            np.full(size, -1, dtype=np.int16) if types is None else types.astype(np.int16),
            frame["time"].to_numpy(), np.zeros(size, dtype=np.int8) if places is None else places,
        )  # fmt: skip
        self._save(log, user_ids, types=types is not None, places=places is not None)
        return user_ids

    def _save(self, log: Log, user_ids: Sequence[str], *, types: bool, places: bool) -> None:
        folder = self._folder / f"part-{len(self._files)}"
        folder.mkdir()
        times = log.rows.times
        small = times.min() > -SMALL and times.max() < SMALL
        columns = {
            "counts": np.bincount(log.rows.users, minlength=len(user_ids)).astype(np.int32),
            "items": log.rows.items,
            "times": times.astype(np.int32) if small else times,
        }
        columns |= {"types": log.types} if types else {}
        columns |= {"places": log.row_numbers} if places else {}
        for name, column in columns.items():
            np.save(folder / f"{name}.npy", column)
        (folder / "users.json").write_text(json.dumps(user_ids))
        self._files.append(folder)
        self._rows += len(log)
        self._users += len(user_ids)
        self._duplicates += log.duplicates
        self._first, self._last = min(self._first, int(times.min())), max(self._last, int(times.max()))

    def log(
        self, left_out: Mapping[str, LeftOut], id_notes: Sequence[str], file_rows: int, *, whole_users: bool
    ) -> PartedLog:
        """Return all parts that were written."""
        if not self._files:
            raise BadFile(self._folder, "there are no interactions in it")
        return PartedLog(
            self._files, self._item_ids, self._event_types, self._rows, self._users, self._first, self._last,
            self._duplicates, left_out, id_notes, file_rows, whole_users,
        )  # fmt: skip
