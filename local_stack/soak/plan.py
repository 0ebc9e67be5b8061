"""The schedule of faults: drawn from a seed, one at a time, with intervals between them. No I/O."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIRST_INTERVAL = 60.0  # seconds before the first fault, which measure the normal state
FAULT_INTERVAL = 75.0  # seconds after each fault, in which the lag must recover
SHORTEST, LONGEST = 10.0, 30.0  # seconds of a fault

Faults = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault: rules for services (``personalize``, ``mparticle``, ``aws``), or functions to kill."""

    name: str
    rules: Mapping[str, Faults]
    kill: str | None = None


@dataclass(frozen=True)
class PlannedFault:
    """A fault at ``at`` seconds after the start, for ``lasts`` seconds."""

    at: float
    lasts: float
    kind: FaultKind


def _rule_for(service: str, **rule: Any) -> dict[str, Faults]:
    return {service: [rule]}


KINDS = (
    FaultKind(
        "Personalize throttles", _rule_for("personalize", fault="throttling", operation="personalize.*", chance=0.6)
    ),
    FaultKind("Personalize answers 503", _rule_for("personalize", fault="unavailable", operation="personalize.*")),
    FaultKind("Personalize takes 3 s", _rule_for("personalize", fault="latency", seconds=3.0, chance=0.3)),
    FaultKind("Personalize hangs", _rule_for("personalize", fault="hanging", seconds=20.0, chance=0.1)),
    FaultKind("Personalize works, then resets", _rule_for("personalize", fault="reset", when="after", chance=0.3)),
    FaultKind("Personalize gives half a reply", _rule_for("personalize", fault="half-reply", chance=0.3)),
    FaultKind(
        "Personalize refuses the role", _rule_for("personalize", fault="denied", operation="personalize.PutEvents")
    ),
    FaultKind(
        "mParticle answers 429",
        _rule_for("mparticle", fault="throttling", operation="mparticle.BulkUploadEvents", retry_after=2),
    ),
    FaultKind(
        "mParticle answers 503", _rule_for("mparticle", fault="unavailable", operation="mparticle.BulkUploadEvents")
    ),
    FaultKind(
        "mParticle works, then resets",
        _rule_for("mparticle", fault="reset", when="after", operation="mparticle.BulkUploadEvents"),
    ),
    FaultKind(
        "the queue takes part of a batch",
        _rule_for("aws", fault="entries", operation="sqs.SendMessageBatch", chance=0.4),
    ),
    FaultKind("the quarantine bucket is closed", _rule_for("aws", fault="denied", operation="s3.PutObject")),
    FaultKind("ingest is killed", {}, kill="ingest"),
    FaultKind("refresh is killed", {}, kill="refresh"),
)


def plan(
    seed: int, seconds: float, *, first: float = FIRST_INTERVAL, interval: float = FAULT_INTERVAL
) -> list[PlannedFault]:
    """Return the faults of a run: each kind once before any is repeated; an interval follows the last one, too."""
    drawn = random.Random(f"soak {seed}")
    planned: list[PlannedFault] = []
    waiting: list[FaultKind] = []
    at = first
    while True:
        lasts = drawn.uniform(SHORTEST, LONGEST)
        if at + lasts + interval > seconds:
            return planned
        waiting = waiting or drawn.sample(KINDS, len(KINDS))
        planned.append(PlannedFault(at, lasts, waiting.pop()))
        at += lasts + interval
