"""The options of `features` as one typed object."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FeaturesOptions:
    """The options of `features`, under the names that click gives them."""

    interactions: Path
    users: Path
    items: Path | None
    group: str | None
    max_groups: int
    target: str | None
    categorical: Sequence[str]
    rows: int
    models: int
    permutations: int
    seed: int
    top: int | None
    schema_file: Path | None
    plot_file: Path | None
    as_json: bool
