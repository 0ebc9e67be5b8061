"""What one invocation's Kinesis records hold: interactions, bad batches, and records for the next invocation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from broker.batch import BadBatch, Batch, batches
from broker.documents import MAX_UNPACKED, unpack
from broker.failures import described
from broker.impressions import Impression, impressions
from broker.interactions import Interaction, Rules, extract
from broker.kinesis_record import KinesisRecord, MalformedRecord, decoded, malformed_record, record_from_lambda
from broker.metadata.collector import sightings_of
from broker.metadata.sightings import Mapped, Sighting
from broker.metric_names import Metric
from broker.position import position
from broker.quarantine import QuarantineRow
from broker.reasons import QuarantineReason, SkipReason
from broker.telemetry import Counts
from broker.view_sample import EVERYTHING, sampled

# An invocation delivers some 300 a second. Further records are left to the next one.
MAX_INTERACTIONS_PER_INVOCATION = 10_000
NOTHING_MAPPED = Mapped()


class Line(NamedTuple):
    """One interaction with the batch and the record that it came in."""

    interaction: Interaction
    batch: Batch
    record: KinesisRecord


@dataclass
class Intake:
    """All that one invocation's records hold.

    ``deferred`` has the sequence numbers of the records that were not read, ``size`` the bytes of the others, unpacked.
    ``skipped``: record, mpid, reason and number of what is skipped; None where nobody wants to know. ``impressions``:
    what users were shown, if the rules name a list. ``sightings``: what is said of users and items, if it is mapped.
    """

    lines: list[Line] = field(default_factory=list)
    bad: list[tuple[KinesisRecord, QuarantineRow]] = field(default_factory=list)
    deferred: set[str] = field(default_factory=set)
    size: int = 0
    skipped: list[tuple[KinesisRecord, int, SkipReason, int]] | None = None
    impressions: list[Impression] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)

    def has_room_for(self, size: int) -> bool:
        """Return whether a record of that many bytes belongs to this invocation: the first one always does."""
        return self.size == 0 or self.size + size <= MAX_UNPACKED

    def refuse(self, record: KinesisRecord, reason: QuarantineReason, detail: str) -> None:
        """Keep a whole record for quarantine."""
        self.bad.append((record, record.row("0", reason, detail)))


def read(
    records: Sequence[Any],
    rules: Rules,
    now: float,
    counts: Counts,
    view_sample: float = EVERYTHING,
    *,
    note_skipped: bool = False,
    mapped: Mapped = NOTHING_MAPPED,
) -> Intake:
    """Read records as Lambda passes them, in order; ``now`` in epoch seconds. What is wrong with one is its own matter.

    A record that Lambda does not pass in such a form, and one that raises an exception, is quarantined alone.
    ``view_sample``: the share of the sessions whose views are reported. ``note_skipped``: for a line per record.
    ``mapped``: the columns of users and items that are wanted.
    """
    intake, well_formed = Intake(skipped=[] if note_skipped else None), list[KinesisRecord]()
    for passed in records:
        try:
            record = record_from_lambda(passed)
            well_formed.append(record)
            _read_one(record, rules, view_sample, intake, counts, mapped)
        except MalformedRecord as error:
            intake.refuse(malformed_record(passed, int(now * 1000)), QuarantineReason.MALFORMED_RECORD, str(error))
        except Exception as error:
            record = malformed_record(passed, int(now * 1000))
            intake.refuse(record, QuarantineReason.EXCEPTION, described(error))
    everything = [*well_formed, *(record for record, _ in intake.bad)]
    counts.position = position((record.shard, record.sequence_number, record.arrived_ms) for record in everything)
    counts.add(Metric.RECORDS, len(records))
    counts.add(Metric.RECORDS_DEFERRED, len(intake.deferred))
    return intake


def _read_one(
    record: KinesisRecord,
    rules: Rules,
    view_sample: float,
    intake: Intake,
    counts: Counts,
    mapped: Mapped,
) -> None:
    # Lambda delivers again from the first record that it is told of, so reading on behind it is of no use.
    if intake.deferred or len(intake.lines) >= MAX_INTERACTIONS_PER_INVOCATION:
        intake.deferred.add(record.sequence_number)
        return
    unpacked = unpack(decoded(record))
    if isinstance(unpacked, BadBatch):
        intake.refuse(record, unpacked.reason, unpacked.detail)
        return
    size = sum(map(len, unpacked))
    if not intake.has_room_for(size):
        intake.deferred.add(record.sequence_number)
        return
    intake.size += size
    lines: list[Line] = []
    shown: list[Impression] = []
    seen: list[Sighting] = []
    # One per reason: each row holds the whole record, which may be an array of 100,000 zeros.
    bad: dict[QuarantineReason, QuarantineRow] = {}
    for index, batch in enumerate(batches(unpacked, record.arrived_ms)):
        if isinstance(batch, BadBatch):
            bad.setdefault(batch.reason, record.row(str(index), batch.reason, batch.detail))
            continue
        interactions, left_out = extract(batch, rules)
        reported = sampled(interactions, view_sample)
        counts.add(Metric.SKIPPED, len(interactions) - len(reported), SkipReason.SAMPLED_OUT)
        lines += [Line(interaction, batch, record) for interaction in reported]
        shown += impressions(batch, rules)
        seen += sightings_of(batch, mapped, rules, counts)
        for reason, number in left_out.items():
            if isinstance(reason, QuarantineReason):
                bad.setdefault(reason, record.row(str(index), reason, ""))
            else:
                counts.add(Metric.SKIPPED, number, reason)
        _note_skipped(intake, record, batch, left_out, len(interactions) - len(reported))
    intake.lines += lines
    intake.impressions += shown
    intake.sightings += seen
    intake.bad += [(record, row) for row in bad.values()]
    for line in lines:
        for omission in line.interaction.omissions:
            counts.add(Metric.INCOMPLETE, 1, omission)


def _note_skipped(
    intake: Intake,
    record: KinesisRecord,
    batch: Batch,
    left_out: Mapping[SkipReason | QuarantineReason, int],
    sampled_out: int,
) -> None:
    if intake.skipped is None or not batch.mpid:
        return
    for reason, number in {**left_out, SkipReason.SAMPLED_OUT: sampled_out}.items():
        if number and isinstance(reason, SkipReason):
            intake.skipped.append((record, batch.mpid, reason, number))
