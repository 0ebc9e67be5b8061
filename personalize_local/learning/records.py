"""The Users and the Items dataset as a training sees them: ids, and columns of properties."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Records:
    """``columns``: name → one value for each of ``ids``, None where there is none."""

    ids: Sequence[str] = ()
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | None) -> "Records":
        """Read what an import or the service has written; no path: no records."""
        return cls(**json.loads(Path(path).read_text())) if path else cls()

    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """Return each id's properties by column."""
        rows = zip(*self.columns.values(), strict=True) if self.columns else ((),) * len(self.ids)
        return {one: dict(zip(self.columns, row, strict=True)) for one, row in zip(self.ids, rows, strict=True)}


def categories(value: Any) -> list[str]:
    """Return the categories that a property names: several stand apart by ``|`` (Developer Guide, "Items dataset")."""
    if isinstance(value, str):
        return [part for part in dict.fromkeys(value.split("|")) if part]
    return [str(value)] if isinstance(value, bool) else []
