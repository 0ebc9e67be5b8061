"""The options of `experiment`, under the names that click gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blueprint.experiment import ExperimentPlan


@dataclass(frozen=True)
class ExperimentOptions:
    """What the command line says."""

    files: tuple[str, ...]
    local: bool
    archive: bool
    experiment: ExperimentPlan | None
    shares: Sequence[tuple[str, str]]
    control: str | None
    metric: str
    days: int | None
    customers: int | None
    start: int | None
    until: int | None
    cap: float | None
    list_days: float
    before_days: float
    most_events: int
    impression_list: str | None
    columns: dict[str, str | None]
    words: dict[str, str]
    time_unit: str | None
    consent: str | None
    consent_given: bool
    gates: Sequence[str]
    as_json: bool
    html: Path | None
    plot: Path | None
    aws: bool
    context: tuple[str, ...]
    name: str | None
