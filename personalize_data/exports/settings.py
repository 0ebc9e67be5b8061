"""How exports are converted, as what can be sent to another machine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from broker.interactions import Rules
from broker.suppression import SuppressionList

from personalize_data.csv_lines import csv_line
from personalize_data.exports.users import KEPT
from personalize_data.schema import Schema, read_schema


@dataclass(frozen=True)
class Conversion:
    """How exports are converted. ``now``: epoch seconds, after which by a day no event can be.

    ``kept_users``: see UserCounts; ``suppressed``: of whom no row is taken.
    """

    schema: Schema
    rules: Rules
    now: float
    kept_users: int = KEPT
    suppressed: SuppressionList | None = field(default=None, repr=False)

    @property
    def header(self) -> str:
        """Return the first line of each file of rows."""
        return csv_line(self.schema.names)

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object, which holds the key of the suppression list."""
        suppressed = self.suppressed and {
            "key": self.suppressed.key.hex(),
            "digests": sorted(digest.hex() for digest in self.suppressed.digests),
        }
        rules = {**asdict(self.rules), "event_types": dict(self.rules.event_types)}
        return {
            "schema": self.schema.text,
            "rules": rules,
            "now": self.now,
            "kept_users": self.kept_users,
            "suppressed": suppressed,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return what ``as_json`` has written. Raises SchemaError."""
        listed = document["suppressed"]
        suppressed = listed and SuppressionList(
            bytes.fromhex(listed["key"]), frozenset(map(bytes.fromhex, listed["digests"]))
        )
        schema = read_schema(document["schema"], "interactions")
        return cls(schema, Rules(**document["rules"]), document["now"], document["kept_users"], suppressed)
