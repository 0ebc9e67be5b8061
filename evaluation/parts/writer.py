"""Writes interactions in parts: all of a user's in one, whose number follows from a hash of the user."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from evaluation.data import id_columns
from evaluation.data.left_out import LeftOut
from evaluation.data.log import TIME, TYPE
from evaluation.parts import batches
from evaluation.parts.batches import FileCounts
from evaluation.parts.ids import UserIds
from evaluation.parts.log import PartedLog, PartFiles
from personalize_data import csv_reader

WHOLE = r"^([+-]?[0-9]+)\.0+$"  # 17850.0 and 17850 must meet in one part, for they may be one user


class PartsWriter:
    """Takes files, one after the other; then ``finish`` sorts each part. Memory: that of one part, and of all items."""

    def __init__(self, folder: Path, parts: int, now: float, *, buffered: int, keep_rows: bool = False) -> None:
        """``folder``: an empty one. ``now``: see ``log.read``. ``buffered``: rows that are written at once.

        ``keep_rows``: whether each interaction's place among the rows is kept; for ``splits_folder`` alone.
        """
        self._folder, self._parts, self._now, self._buffered = folder, parts, now, buffered
        self._keep_rows = keep_rows
        self._items: dict[str, int] = {}
        self._types: dict[str, int] = {}
        self._pending: list[pl.DataFrame] = []
        self._pending_rows = self._chunks = self._rows = 0
        self._left_out: dict[str, LeftOut] = {}
        self._path = folder

    def add(self, path: Path, step: Callable[[int], None] = lambda rows: None) -> None:
        """Read a CSV; it is not needed afterwards. ``step`` takes how many rows are done. Raises BadFile."""
        self._path, counts, done = path, FileCounts(), 0
        for frame in batches.read(path, self._now, counts):
            self._take(frame)
            step(counts.rows - done)
            done = counts.rows
        self._rows += counts.rows
        for reason, rows in counts.lines(path).items():
            before = self._left_out.get(reason)
            self._left_out[reason] = LeftOut(before.rows + rows.rows, before.line) if before else rows

    def _take(self, frame: pl.DataFrame) -> None:
        user_ids, users = batches.coded(frame["USER_ID"])
        texts = pl.Series(user_ids, dtype=pl.String)
        parts = texts.str.replace(WHOLE, "$1").hash(0).to_numpy() % np.uint64(self._parts)
        columns = {
            "user": texts.gather(users),
            "item": pl.Series(_numbered(frame["ITEM_ID"], self._items), dtype=pl.Int32),
            "time": frame[TIME],
            "part": pl.Series(parts[users], dtype=pl.UInt16),
        }
        if TYPE in frame.columns:
            columns["type"] = pl.Series(_numbered(frame[TYPE], self._types), dtype=pl.Int16)
        if self._keep_rows:
            columns["place"] = frame["place"] + self._rows
        self._pending.append(pl.DataFrame(columns))
        self._pending_rows += len(frame)
        if self._pending_rows >= self._buffered:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        frame = pl.concat(self._pending, how="diagonal", rechunk=True)
        self._pending, self._pending_rows = [], 0
        for (part,), rows in frame.partition_by("part", as_dict=True, include_key=False).items():
            folder = self._folder / f"raw-{part}"
            folder.mkdir(exist_ok=True)
            path = folder / f"{self._chunks:06d}.parquet"
            rows.write_parquet(path, compression="zstd", compression_level=1, statistics=False)
        self._chunks += 1

    def finish(self, step: Callable[[int], None] = lambda parts: None) -> PartedLog:
        """Sort all parts, and return them. ``step`` takes how many are done. Raises BadFile."""
        self._flush()
        item_ids, item_code = _sorted(self._items)
        event_types, type_code = _sorted(self._types)
        items = id_columns.Numbers("ITEM_ID", item_ids)
        if items.in_two_ways is not None:
            raise csv_reader.two_forms(self._path, "ITEM_ID", items.in_two_ways)
        files, users = PartFiles(self._folder, items.ids, event_types), UserIds()
        for part in range(self._parts):
            raw = self._folder / f"raw-{part}"
            if raw.is_dir():
                user_ids = files.write(_read(raw), item_code, type_code)
                users.add(user_ids)
                shutil.rmtree(raw)
            step(1)
        if users.in_two_ways is not None:
            raise csv_reader.two_forms(self._path, "USER_ID", users.in_two_ways)
        notes = [note for note in (users.note, items.note) if note]
        return files.log(self._left_out, notes, self._rows, whole_users=users.all_whole)


def _read(folder: Path) -> pl.DataFrame:
    frames = [pl.read_parquet(path) for path in sorted(folder.iterdir())]
    return pl.concat(frames, how="diagonal", rechunk=True)


def _numbered(column: pl.Series, numbers: dict[str, int]) -> np.ndarray:
    """Return each row's number of its text, -1 without one; new texts get the next numbers."""
    texts, codes = batches.coded(column)
    known = np.array([*(numbers.setdefault(text, len(numbers)) if text else -1 for text in texts), -1])
    return known[codes]


def _sorted(numbers: Mapping[str, int]) -> tuple[list[str], np.ndarray]:
    """Return the texts, sorted, and the place of each number among them; the last one is for -1."""
    texts = sorted(numbers)
    places = np.full(len(texts) + 1, -1, dtype=np.int32)
    places[[numbers[text] for text in texts]] = np.arange(len(texts))
    return texts, places
