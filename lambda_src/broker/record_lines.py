"""What ``ingest`` logs of each record and user: how many interactions had which outcome, and what was skipped."""

from collections import Counter
from collections.abc import Mapping

from broker.intake import Intake
from broker.interactions import Interaction
from broker.kinesis_record import KinesisRecord
from broker.outcomes import Accepted, Outcome, Rejected, Retryable, Unproven
from broker.record_log import RECORD, IdOf, Line

NAMES = {Accepted: "accepted", Retryable: "retryable", Unproven: "unproven", Rejected: "quarantined"}


def record_lines(intake: Intake, outcome_of: Mapping[str, Outcome[None]], id_of: IdOf) -> list[Line]:
    """Return a line per record and user; ``outcome_of``: by event id."""
    outcomes: dict[tuple[KinesisRecord, int], Counter[str]] = {}
    for line in intake.lines:
        name = _name_of(line.interaction, outcome_of)
        outcomes.setdefault((line.record, int(line.interaction.user_id)), Counter())[name] += 1
    for record, mpid, reason, number in intake.skipped or ():
        outcomes.setdefault((record, mpid), Counter())[f"skipped.{reason}"] += number
    return [
        {
            "message": RECORD,
            "shard": record.shard,
            "sequence_number": record.sequence_number,
            "arrived_ms": record.arrived_ms,
            "correlation_id": id_of(mpid),
            "outcome": dict(counted),
        }
        for (record, mpid), counted in outcomes.items()
    ]


def _name_of(interaction: Interaction, outcome_of: Mapping[str, Outcome[None]]) -> str:
    outcome = outcome_of.get(interaction.event_id)
    name = NAMES[type(outcome)] if outcome else "given up before"
    return f"{name}.{outcome.reason}" if isinstance(outcome, Rejected) else name
