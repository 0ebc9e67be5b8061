"""The figures of all services, in one table."""

import sys
from dataclasses import dataclass, field

from rich.table import Table


@dataclass
class Row:
    """One measurement of several services, in a unit. ``most``: what this checkout's may be (None: no limit)."""

    name: str
    unit: str
    values: dict[str, float] = field(default_factory=dict)
    most: float | None = None


class Figures:
    """The measurements by name and service. ``judged``: the service that the limits are for."""

    def __init__(self, judged: str) -> None:
        self._judged = judged
        self.rows: dict[str, Row] = {}

    def add(self, name: str, service: str, value: float, unit: str) -> None:
        """Add a figure and print it at once."""
        self.rows.setdefault(name, Row(name, unit)).values[service] = value
        sys.stderr.write(f"{service}: {name}: {value:.4g} {unit}\n")

    def limit(self, name: str, most: float) -> None:
        """Say what a figure may be at most."""
        self.rows[name].most = most

    def missed(self) -> list[str]:
        """Return the names of the figures above their limits."""
        return [row.name for row in self.rows.values() if self._is_missed(row)]

    def _is_missed(self, row: Row) -> bool:
        return row.most is not None and row.values.get(self._judged, 0.0) > row.most

    def table(self) -> Table:
        """Return all figures, a column for each service."""
        services = list(dict.fromkeys(service for row in self.rows.values() for service in row.values))
        table = Table("what", *services, "at most", "")
        for row in self.rows.values():
            shown = [f"{row.values[name]:.4g} {row.unit}" if name in row.values else "" for name in services]
            limit = "" if row.most is None else f"{row.most:.4g} {row.unit}"
            table.add_row(
                row.name, *shown, limit, "" if row.most is None else "MISSED" if self._is_missed(row) else "ok"
            )
        return table
