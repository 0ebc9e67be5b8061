"""What becomes of each part of the requests that are delivered: one of four outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from broker.reasons import QuarantineReason

Part = TypeVar("Part")
Result = TypeVar("Result")
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Accepted(Generic[Result]):
    """The request that the part was in is accepted, with this result."""

    result: Result


@dataclass(frozen=True)
class Rejected:
    """The part can never work and belongs into quarantine; ``detail`` is the answer to it."""

    detail: str
    reason: QuarantineReason = QuarantineReason.REFUSED


@dataclass(frozen=True)
class Unproven:
    """The part is rejected while parts of other kinds are accepted: it may be bad, or a setting may be wrong."""

    detail: str


@dataclass(frozen=True)
class Retryable:
    """The part may be accepted later; ``retry_after`` is in seconds, if the other side named a time."""

    retry_after: float | None = None


Outcome = Accepted[Result] | Rejected | Unproven | Retryable


def only(outcome_of: Mapping[Part, Outcome[Result]], kind: type[Kind]) -> dict[Part, Kind]:
    """Return the parts with one kind of outcome, in order."""
    return {part: outcome for part, outcome in outcome_of.items() if isinstance(outcome, kind)}
