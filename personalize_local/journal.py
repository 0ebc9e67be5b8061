"""The journal of all accepted requests that change the state, so that a restart or a crash loses nothing acknowledged.

A data folder has numbered segments, ``journal/1.log``, of which the newest is written. A snapshot, ``snapshots/1/``,
has the state at the end of the segment with its number; that one and earlier ones are removed then. A restart loads
the newest snapshot and replays the segments after it.

Each request is written before it is answered. What is written survives a crash of the process. A crash of the machine
may lose the last requests, never more.
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from personalize_local import old_journal
from personalize_local.journal_entry import HEADER, Damaged, JournalEntry, decode, encode, valid_lines

__all__ = ["Journal", "JournalEntry", "JournalReader", "JournalUnusable"]

SEGMENTS, SNAPSHOTS, PARTIAL = "journal", "snapshots", ".partial"


class JournalUnusable(Exception):
    """The folder is in use by another service, or its journal is invalid or of another version."""


class JournalReader:
    """What a folder has up to a segment: its newest ``snapshot``, None if there is none, and the entries after it."""

    def __init__(self, folder: Path, upto: int) -> None:
        self.folder = folder
        self._upto = upto
        taken = [number for number in _numbers(folder / SNAPSHOTS, "") if number <= upto]
        self._after = max(taken, default=0)
        self.snapshot = folder / SNAPSHOTS / str(self._after) if taken else None

    def entries(self) -> Iterator[JournalEntry]:
        """Yield the requests in their order. Raises JournalUnusable if a file is damaged."""
        for number in _numbers(self.folder / SEGMENTS, ".log"):
            if self._after < number <= self._upto:
                with _unusable(self.folder):
                    content = (self.folder / SEGMENTS / f"{number}.log").read_bytes()
                    yield from map(decode, valid_lines(content))

    def append(self, _: JournalEntry) -> None:
        """Do nothing: a reader's state is not kept."""


class Journal:
    """The journal of one data folder; held by one service at a time. ``size``: bytes since the newest snapshot."""

    def __init__(self, folder: Path) -> None:
        """Open or create it. Raises JournalUnusable, OSError."""
        self.folder = folder
        self._unwritten = bytearray()
        self.size = 0
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as failing, _unusable(folder):
            self._lock = _locked(folder / "lock")
            failing.callback(os.close, self._lock)
            self._segments, self._snapshots = folder / SEGMENTS, folder / SNAPSHOTS
            self._replace_old()
            for path in (self._segments, self._snapshots):
                path.mkdir(exist_ok=True)
            self._clean()
            self._number = max(_numbers(self._segments, ".log"), default=self._newest_snapshot() + 1)
            self._open()
            failing.pop_all()

    @property
    def snapshot(self) -> Path | None:
        """The folder of the newest snapshot, None if there is none."""
        return self._reader().snapshot

    def entries(self) -> Iterator[JournalEntry]:
        """Yield all requests since the newest snapshot, in their order. Raises JournalUnusable."""
        return self._reader().entries()

    def append(self, entry: JournalEntry) -> None:
        """Write one request. Raises OSError, for example if the disk is full; the next call writes it then.

        No request may be missing in a replay, since later ones build on it.
        """
        self._unwritten += encode(entry)
        try:
            written = os.write(self._file, self._unwritten)
            while written < len(self._unwritten):
                written += os.write(self._file, self._unwritten[written:])
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end += written
        self.size += written
        self._unwritten.clear()

    def rotate(self) -> int:
        """Begin a new segment; return the number of the one that is complete now."""
        complete = self._number
        self._number += 1
        os.fsync(self._file)
        os.close(self._file)
        size = self.size
        self._open()
        self.size = size
        return complete

    def discard(self, number: int) -> None:
        """Remove what the snapshot with a number has made superfluous."""
        before = self.size
        gone = sum((self._segments / f"{each}.log").stat().st_size for each in self._superfluous(number))
        self._clean()
        self.size = max(0, before - gone)

    def close(self) -> None:
        """Release the journal for another service."""
        os.close(self._file)
        os.close(self._lock)

    def _reader(self) -> JournalReader:
        return JournalReader(self.folder, self._number)

    def _newest_snapshot(self) -> int:
        return max(_numbers(self._snapshots, ""), default=0)

    def _superfluous(self, snapshot: int) -> list[int]:
        return [number for number in _numbers(self._segments, ".log") if number <= snapshot]

    def _clean(self) -> None:
        newest = self._newest_snapshot()
        for number in self._superfluous(newest):
            (self._segments / f"{number}.log").unlink()
        for path in self._snapshots.iterdir():
            if path.name != str(newest):
                shutil.rmtree(path)

    def _open(self) -> None:
        path = self._segments / f"{self._number}.log"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        lines = list(valid_lines(path.read_bytes()))
        self._end = len(HEADER) + sum(map(len, lines)) if lines else 0
        os.ftruncate(self._file, self._end)
        if not lines:
            self._end = os.write(self._file, HEADER)
        others = (each.stat().st_size for each in self._segments.iterdir() if each != path)
        self.size = self._end + sum(others)

    def _replace_old(self) -> None:
        """Write the entries of an earlier version's journal into the first segment, and remove it."""
        old = self.folder / old_journal.NAME
        if not old.exists():
            return
        self._segments.mkdir(exist_ok=True)
        partial = self._segments / f"1.log{PARTIAL}"
        with partial.open("wb") as target:
            target.write(HEADER)
            target.writelines(map(encode, old_journal.entries(old)))
            os.fsync(target.fileno())
        partial.rename(self._segments / "1.log")
        old_journal.remove(self.folder)


def control_lines(folder: Path, entries: Iterator[JournalEntry]) -> None:
    """Write the entries that a snapshot keeps into its folder."""
    with (folder / "control.log").open("wb") as target:
        target.write(HEADER)
        target.writelines(map(encode, entries))


def control_entries(folder: Path) -> Iterator[JournalEntry]:
    """Yield the entries of a snapshot. Raises JournalUnusable."""
    with _unusable(folder):
        yield from map(decode, valid_lines((folder / "control.log").read_bytes()))


def _numbers(folder: Path, suffix: str) -> list[int]:
    if not folder.exists():
        return []
    names = (path.name.removesuffix(suffix) for path in folder.iterdir() if path.suffix == suffix)
    return sorted(int(name) for name in names if name.isdecimal())


def _locked(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


@contextlib.contextmanager
def _unusable(folder: Path) -> Iterator[None]:
    try:
        yield
    except BlockingIOError as error:
        raise JournalUnusable(f"{folder} can't be used: is another service running on it?") from error
    except sqlite3.Error as error:
        raise JournalUnusable(f"{folder} can't be used: {error}; is another service running on it?") from error
    except (Damaged, ValueError, TypeError) as error:
        raise JournalUnusable(f"{folder} can't be used: its journal can't be read: {error}") from error
