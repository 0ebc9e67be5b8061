"""The users or the items of one dataset: each id with its properties; a later record replaces the earlier one."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from recommender_models.record_columns import Properties, RecordColumns

BULK, PUT, ALL = "BULK", "PUT", "ALL"  # ingestion modes of an export


class Records(Mapping[str, Properties]):
    """Id → properties by column name. ``version`` changes with the content."""

    def __init__(self) -> None:
        self._put: dict[str, Properties] = {}
        self._imported: dict[str, Properties] = {}
        self._puts: list[tuple[str, Properties]] = []  # all of them, replaced ones too: an export has them
        self.version = 0

    def __getitem__(self, key: str) -> Properties:
        return self._put[key] if key in self._put else self._imported[key]

    def __iter__(self) -> Iterator[str]:
        yield from self._put
        yield from (key for key in self._imported if key not in self._put)

    def __len__(self) -> int:
        return len(self._put.keys() | self._imported.keys())

    def put(self, key: str, properties: Properties) -> None:
        """Store one record; it replaces the record with this id and is not merged into it (Developer Guide)."""
        self._put[key] = properties
        self._puts.append((key, properties))
        self.version += 1

    def add_import(self, rows: dict[str, Properties], *, replace: bool) -> None:
        """Store the records of an import; they replace records of the same id that were put earlier."""
        self._imported = rows if replace else self._imported | rows
        self._put = {key: properties for key, properties in self._put.items() if key not in rows}
        self.version += 1

    def forget(self, keys: Collection[str]) -> int:
        """Delete records; return how many existed."""
        known_keys = [key for key in keys if key in self]
        for key in known_keys:
            self._put.pop(key, None)
            self._imported.pop(key, None)
        gone = set(keys)
        self._puts = [(key, properties) for key, properties in self._puts if key not in gone]
        self.version += 1
        return len(known_keys)

    def copy(self) -> "Records":
        """Return a copy of the records, for a job that saves them while others may be put."""
        copied = Records()
        copied._put = self._imported | self._put
        return copied

    def exported(self, mode: str) -> RecordColumns:
        """Return what an export has: the rows of imports, all records that were put, or the newest of each id."""
        return _columns(list(self._imported.items()) if mode == BULK else self._puts if mode == PUT else self.items())

    def keep(self, folder: Path) -> None:
        """Write everything into a new folder, replaced records too."""
        folder.mkdir()
        _columns(self._imported.items()).save(folder / "imported.json")
        _columns(self._puts).save(folder / "puts.json")
        newest = {key: place for place, (key, _) in enumerate(self._puts)}
        # The newest put of an id counts, unless an import has come since.
        counting = sorted(newest[key] for key in self._put if key in newest)
        (folder / "rest.json").write_text(json.dumps({"counting": counting, "version": self.version}))

    def restore(self, folder: Path) -> None:
        """Become what was kept."""
        self._imported = RecordColumns.load(folder / "imported.json").properties()
        self._puts = list(RecordColumns.load(folder / "puts.json").rows())
        rest = json.loads((folder / "rest.json").read_text())
        self._put = dict(self._puts[place] for place in rest["counting"])
        self.version = rest["version"]

    def save(self, path: Path) -> str:
        """Write all records in the form of an import; return the path, for a job's spec."""
        _columns(self.items()).save(path)
        return str(path)


def _columns(records: Iterable[tuple[str, Properties]]) -> RecordColumns:
    pairs = list(records)
    names = list(dict.fromkeys(name for _, properties in pairs for name in properties))
    columns = {name: [properties.get(name) for _, properties in pairs] for name in names}
    return RecordColumns([key for key, _ in pairs], columns)
