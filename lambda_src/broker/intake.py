"""What one invocation's Kinesis records hold: interactions, bad batches, and records for the next invocation."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.batch import BadBatch, Batch, decode
from broker.interactions import Interaction, Rules, extract
from broker.metric_names import Metric
from broker.quarantine import QuarantineRow
from broker.reasons import QuarantineReason
from broker.telemetry import Counts

# An invocation delivers some 300 a second. Further records are left to the next one.
MAX_INTERACTIONS_PER_INVOCATION = 10_000


@dataclass(frozen=True)
class KinesisRecord:
    """One Kinesis record as Lambda passes it."""

    shard: str
    sequence_number: str
    partition_key: str
    arrived_ms: int
    data: str

    def row(self, index: str, reason: QuarantineReason, detail: str) -> QuarantineRow:
        """Return what quarantine keeps of a part of this record."""
        key = self.shard, self.sequence_number, index
        return QuarantineRow(*key, reason, detail, self.arrived_ms, self.partition_key, self.data)


@dataclass(frozen=True)
class Line:
    """One interaction with the batch and the record that it came in."""

    interaction: Interaction
    batch: Batch
    record: KinesisRecord


@dataclass
class Intake:
    """All that one invocation's records hold. ``deferred``: the sequence numbers of those that were not read."""

    lines: list[Line] = field(default_factory=list)
    bad: list[tuple[KinesisRecord, QuarantineRow]] = field(default_factory=list)
    deferred: set[str] = field(default_factory=set)


def read(records: Sequence[Mapping[str, Any]], rules: Rules, counts: Counts) -> Intake:
    """Read records as Lambda passes them, in order. An exception over a record quarantines that record alone."""
    intake = Intake()
    for record in map(_record, records):
        if len(intake.lines) >= MAX_INTERACTIONS_PER_INVOCATION:
            intake.deferred.add(record.sequence_number)
            continue
        try:
            _read_one(record, rules, intake, counts)
        except Exception as error:
            intake.bad.append((record, record.row("0", QuarantineReason.EXCEPTION, type(error).__name__)))
    counts.add(Metric.RECORDS, len(records))
    counts.add(Metric.RECORDS_DEFERRED, len(intake.deferred))
    return intake


def _read_one(record: KinesisRecord, rules: Rules, intake: Intake, counts: Counts) -> None:
    lines: list[Line] = []
    # One per reason: each row holds the whole record, which may be an array of 100,000 zeros.
    bad: dict[QuarantineReason, QuarantineRow] = {}
    for index, batch in enumerate(decode(base64.b64decode(record.data), record.arrived_ms)):
        if isinstance(batch, BadBatch):
            bad.setdefault(batch.reason, record.row(str(index), batch.reason, batch.detail))
            continue
        interactions, skipped = extract(batch, rules)
        lines += [Line(interaction, batch, record) for interaction in interactions]
        for reason, number in skipped.items():
            counts.add(Metric.SKIPPED, number, reason)
    intake.lines += lines
    intake.bad += [(record, row) for row in bad.values()]


def _record(record: Mapping[str, Any]) -> KinesisRecord:
    kinesis = record["kinesis"]
    return KinesisRecord(
        shard=record["eventID"].partition(":")[0],
        sequence_number=kinesis["sequenceNumber"],
        partition_key=kinesis["partitionKey"],
        arrived_ms=int(kinesis["approximateArrivalTimestamp"] * 1000),
        data=kinesis["data"],
    )
