"""The journal of earlier versions, one SQLite file without snapshots, which is read once and replaced."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from personalize_local.journal_entry import JournalEntry
from personalize_local.region import DEFAULT

NAME = "journal.sqlite"
FORMATS = (1, 2)  # 1: without the region of each request


def entries(path: Path) -> Iterator[JournalEntry]:
    """Yield all requests in their order. Raises sqlite3.Error, also while an earlier version runs on the file."""
    database = sqlite3.connect(path, isolation_level=None, timeout=1)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0 and not database.execute("SELECT 1 FROM sqlite_master").fetchone():
            return  # cut off before it had its tables
        if version not in FORMATS:
            raise sqlite3.DatabaseError(f"its journal has format {version}, not {FORMATS[0]} or {FORMATS[1]}")
        region = "region" if version > 1 else f"'{DEFAULT}'"
        query = f"SELECT at, operation, request, drawn, {region} FROM entries ORDER BY number"  # noqa: S608 - constants
        for at, operation, request, drawn, of_region in database.execute(query):
            yield JournalEntry(at, operation, json.loads(request), json.loads(drawn), of_region)
    finally:
        database.close()


def remove(folder: Path) -> None:
    """Remove the files of an old journal."""
    for path in (folder / f"{NAME}-wal", folder / f"{NAME}-shm", folder / NAME):
        path.unlink(missing_ok=True)
