"""`evaluate split`: reads interactions, splits them, and writes what a real Personalize is asked with."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluation.data import log as logs
from evaluation.data import splits_folder
from evaluation.data.arms import Arm
from evaluation.data.splits_folder import Written
from evaluation.parts import memory as limits
from evaluation.parts import question as parts
from evaluation.parts import task as parted_tasks
from evaluation.parts.log import PartedLog
from evaluation.parts.split import PartedSplit
from evaluation.parts.split import check as check_sides
from evaluation.parts.split import split as split_in_parts
from evaluation.parts.task import Spill
from evaluation.progress import Begin, unseen
from evaluation.spark import run as asked_spark
from evaluation.spark.connection import Spark
from evaluation.splits import HoldOut, for_users, split
from evaluation.task import sampled


@dataclass(frozen=True)
class SplitFiles:
    """What was written; ``notes`` on the interactions; ``with_truth``: how many users could be asked about."""

    written: Written
    notes: Sequence[str]
    with_truth: int


def write(
    file: Path,
    hold_out: HoldOut,
    out: Path,
    *,
    arm: Arm | None = None,
    sample_users: int | None = None,
    memory: int | None = None,
    now: float,
    begin: Begin = unseen,
) -> SplitFiles:
    """Split a CSV into a new or empty folder. Options: see ``EvaluationRequest``. Raises BadFile, InvalidRequest."""
    if memory is None or limits.fits(file, memory):
        return _at_once(file, hold_out, out, arm, sample_users, now, begin)
    with tempfile.TemporaryDirectory(prefix="broker-split-") as folder:
        return _in_parts(file, hold_out, out, arm, sample_users, now, begin, Spill(Path(folder), memory))


def on_spark(
    spark: Spark, source: str, hold_out: HoldOut, out: Path, *, sample_users: int | None, now: float
) -> SplitFiles:
    """Do the same on Spark; see ``spark.run.split``."""
    written, with_truth = asked_spark.split(spark, source, hold_out, out, sample_users=sample_users, now=now)
    return SplitFiles(written, (), with_truth)


def _at_once(
    file: Path, hold_out: HoldOut, out: Path, arm: Arm | None, sample_users: int | None, now: float, begin: Begin
) -> SplitFiles:
    begin(f"reading {file.name}", None)
    log = logs.read(file, now)
    parted = split(log, hold_out)
    if arm is not None:
        parted = for_users(parted, log, arm.members(log.rows.user_ids), hold_out)
    chosen = sampled(log, parted, sample_users, hold_out.seed)
    rows = begin("writing the split", int(log.row_numbers.max()) + 1)
    written = splits_folder.write(file, log, parted, chosen, hold_out, out, rows)
    return SplitFiles(written, log.notes, len(np.unique(log.rows.users[parted.truth])))


def _in_parts(
    file: Path,
    hold_out: HoldOut,
    out: Path,
    arm: Arm | None,
    sample_users: int | None,
    now: float,
    begin: Begin,
    spill: Spill,
) -> SplitFiles:
    log = parts.log(file, now, spill, begin, keep_rows=True)
    parted = split_in_parts(log, hold_out, arm)
    asked = parted_tasks.sampled(parted, len(log.item_ids), sample_users, hold_out.seed)
    check_sides(hold_out, rows=asked.rows, users=asked.with_truth)
    sides, users = _sides(log, parted, asked)
    step = begin("writing the split", log.file_rows)
    written = splits_folder.write_sides(
        file, sides, users, hold_out, parted.cut, past_only=(), past_only_rows=0, interactions=len(log), out=out,
        step=step,
    )  # fmt: skip
    return SplitFiles(written, log.notes, asked.with_truth)


def _sides(log: PartedLog, parted: PartedSplit, asked: parted_tasks.Asked) -> tuple[splits_folder.Sides, Sequence[str]]:
    """Return one mark a row of the file, and who is asked about."""
    sides, users = np.zeros(log.file_rows, dtype=np.uint8), []
    for number, (part, masks) in enumerate(parted):
        chosen = np.zeros(len(part.rows.user_ids), dtype=bool)
        chosen[asked.of_part(number)] = True
        splits_folder.mark(sides, part, masks, chosen)
        users += [part.rows.user_ids[user] for user in np.flatnonzero(chosen).tolist()]
    return sides, sorted(users)
