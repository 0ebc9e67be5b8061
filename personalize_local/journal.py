"""The journal of all accepted requests that change the state, so that a restart or a crash loses nothing acknowledged.

At the start the requests are replayed in order. Each is committed before it is answered. A commit survives a crash of
the process; a crash of the machine may lose the last requests (SQLite, WAL mode, synchronous NORMAL), never the file.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personalize_local.region import DEFAULT

FORMAT = 2  # 1: without the region of each request


class JournalUnusable(Exception):
    """The folder is in use by another service, or its journal is invalid or of another version."""


@dataclass(frozen=True)
class JournalEntry:
    """One request: its time, operation, content and region, and the ids and lags that it drew."""

    at: float
    operation: str
    request: Mapping[str, Any]
    drawn: Sequence[Any]
    region: str = DEFAULT


class Journal:
    """The journal of one data folder; held by one service at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or create it. Raises JournalUnusable."""
        folder.mkdir(parents=True, exist_ok=True)
        self._unwritten: list[tuple[Any, ...]] = []
        with _unusable(folder):
            path = folder / "journal.sqlite"
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
        with contextlib.ExitStack() as failing, _unusable(folder):
            failing.callback(self.close)
            self._open()
            failing.pop_all()

    def _open(self) -> None:
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
            self._database.execute(f"PRAGMA {pragma}")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in (0, 1, FORMAT):
            raise sqlite3.DatabaseError(f"its journal has format {version}, not {FORMAT}")
        region = f"region TEXT DEFAULT '{DEFAULT}'"
        columns = f"number INTEGER PRIMARY KEY, at REAL, operation TEXT, request TEXT, drawn TEXT, {region}"
        self._database.execute(f"CREATE TABLE IF NOT EXISTS entries ({columns})")
        if version == 1:
            self._database.execute(f"ALTER TABLE entries ADD COLUMN {region}")
        self._database.execute(f"PRAGMA user_version = {FORMAT}")

    def append(self, entry: JournalEntry) -> None:
        """Commit one request. Raises sqlite3.Error, for example if the disk is full; the next call commits it then.

        No request may be missing in a replay, since later ones build on it.
        """
        content = json.dumps(entry.request), json.dumps(entry.drawn)
        self._unwritten.append((entry.at, entry.operation, *content, entry.region))
        insert = "INSERT INTO entries (at, operation, request, drawn, region) VALUES (?, ?, ?, ?, ?)"
        while self._unwritten:
            self._database.execute(insert, self._unwritten[0])
            del self._unwritten[0]

    def entries(self) -> Iterator[JournalEntry]:
        """Yield all requests in their order."""
        for at, operation, request, drawn, region in self._database.execute(
            "SELECT at, operation, request, drawn, region FROM entries ORDER BY number"
        ):
            yield JournalEntry(at, operation, json.loads(request), json.loads(drawn), region)

    def close(self) -> None:
        """Release the journal for another service."""
        self._database.close()


@contextlib.contextmanager
def _unusable(folder: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise JournalUnusable(f"{folder} can't be used: {error}; is another service running on it?") from error
