"""The users or the items of a dataset as columns: what an import leaves behind, and what jobs are handed.

The file is ``{"ids": […], "columns": {"NAME": [value or null, …]}}``, and perhaps ``"textual": ["NAME"]``; a missing
file means no records.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class RecordColumns:
    """``columns``: name → one value for each of ``ids``, None where there is none.

    ``textual``: the columns that are text to be read, not categories.
    """

    ids: Sequence[str] = ()
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    textual: Sequence[str] = ()

    @classmethod
    def load(cls, path: str | Path | None) -> "RecordColumns":
        """Read what ``save`` wrote; no path: no records."""
        return cls(**json.loads(Path(path).read_text())) if path else cls()

    def save(self, path: Path) -> None:
        """Write them as one JSON object."""
        path.write_text(json.dumps({name: value for name, value in asdict(self).items() if value or name != "textual"}))

    def properties(self) -> dict[str, Properties]:
        """Return each id's properties by column."""
        return dict(self.rows())

    def rows(self) -> Iterator[tuple[str, Properties]]:
        """Yield each record: its id, and its properties by column."""
        rows = zip(*self.columns.values(), strict=True) if self.columns else ((),) * len(self.ids)
        for record_id, row in zip(self.ids, rows, strict=True):
            yield record_id, dict(zip(self.columns, row, strict=True))


def categories(value: Any) -> list[str]:
    """Return the categories that a property names: several stand apart by ``|`` (Developer Guide, "Items dataset")."""
    if isinstance(value, str):
        return [part for part in dict.fromkeys(value.split("|")) if part]
    return [str(value)] if isinstance(value, bool) else []
