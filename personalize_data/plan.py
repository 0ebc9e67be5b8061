"""What a conversion is asked: the files, the dataset, the mapping, and how the tables are written."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from broker.interactions import Rules
from broker.suppression import SuppressionList
from broker.values.amounts import POINT

from personalize_data.consent import Consent
from personalize_data.exports.part import Part
from personalize_data.schema import Schema
from personalize_data.table import Mapped

# Part of a conversion's identity: raise it whenever the same input would give another CSV.
VERSION = 4


@dataclass(frozen=True)
class Source:
    """One file: its name in messages, its path, and what identifies its content.

    ``parts``: of an export elsewhere, of ``bytes_elsewhere``, which comes here a part at a time.
    """

    name: str
    path: Path
    identity: str
    parts: Sequence[Part] = ()
    bytes_elsewhere: int = 0

    @property
    def size(self) -> int:
        """Return how many bytes it has. Raises OSError."""
        return self.bytes_elsewhere if self.parts else self.path.stat().st_size


@dataclass(frozen=True)
class TableFormat:
    """How a table is written, where that is not as most are.

    ``encoding``: default UTF-8; ``decimal``: point or comma; ``columns``: the names where there is no header;
    ``split``: what separates the items in one cell.
    """

    encoding: str | None = None
    decimal: str = POINT
    columns: tuple[str, ...] = ()
    split: str | None = None


@dataclass(frozen=True)
class Plan:
    """Which files to convert, and how. Without a ``schema`` (users, items) it is derived from the values.

    ``suppressed``: of whom no row is taken.
    """

    dataset: str
    sources: Sequence[Source]
    schema: Schema | None
    mapped: Mapped = field(default_factory=Mapped)
    time_unit: str | None = None
    rules: Rules = field(default_factory=Rules)
    consent: Consent = field(default_factory=Consent)
    format: TableFormat = field(default_factory=TableFormat)
    suppressed: SuppressionList | None = field(default=None, repr=False)

    def identity(self) -> str:
        """Return ten characters that change with content, mapping, schema and rules, and with nothing else."""
        known = {
            "version": VERSION,
            "dataset": self.dataset,
            "sources": sorted(source.identity for source in self.sources),
            "schema": self.schema and self.schema.text,
            "mapped": {"columns": dict(self.mapped.columns), "constants": dict(self.mapped.constants)},
            "time_unit": self.time_unit,
            "rules": asdict(self.rules),
            "consent": asdict(self.consent),
            "format": asdict(self.format),
        }
        if self.suppressed and self.suppressed.digests:  # a CSV of before may hold a user who was erased since
            known["suppressed"] = hashlib.sha256(self.suppressed.as_json()).hexdigest()
        return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:10]

    def identity_in_order(self) -> str:
        """Return what also changes with the order of the files, by which their parts are numbered."""
        order = json.dumps([source.identity for source in self.sources])
        return f"{self.identity()}-{hashlib.sha256(order.encode()).hexdigest()[:10]}"
