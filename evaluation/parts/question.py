"""The question of interactions that do not fit into memory: a table, or a folder that is split already."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from evaluation import rolling, splits
from evaluation.data import log as logs
from evaluation.data import splits_folder
from evaluation.data.arms import Arm
from evaluation.parts import memory, quantile
from evaluation.parts import task as parted_tasks
from evaluation.parts.log import PartedLog
from evaluation.parts.split import PartedSplit, split
from evaluation.parts.task import Spill
from evaluation.parts.training import PartedTraining, TrainingLogs
from evaluation.parts.writer import PartsWriter
from evaluation.progress import Begin
from evaluation.provenance import DataFacts
from evaluation.splits import HoldOut
from evaluation.task import Task, assemble
from personalize_data.errors import InvalidRequest

BYTES_OF_ROW = 2_000  # of memory for each row that is written at once: little against a part
WHOLE = HoldOut("time", at=int(np.iinfo(np.int64).max))


def check(hold_out: HoldOut) -> None:
    """Raise InvalidRequest for a split whose users are asked at moments of their own."""
    if hold_out.kind != "time":
        raise InvalidRequest(
            f"--hold-out {hold_out.kind}: what sells at each user's own moment takes all interactions at once, and "
            "they do not fit into --memory: give more, or take --hold-out time"
        )


def log(path: Path, now: float, spill: Spill, begin: Begin, *, keep_rows: bool = False) -> PartedLog:
    """Read interactions in as many parts as the memory takes. Raises BadFile."""
    number = memory.parts(memory.csv_bytes(path), spill.memory)
    folder = spill.folder / "parts"
    folder.mkdir()
    writer = PartsWriter(folder, number, now, buffered=max(1_000, spill.memory // BYTES_OF_ROW), keep_rows=keep_rows)
    writer.add(path, begin("reading in parts", None))
    return writer.finish(begin("sorting the parts", number))


def tasks(
    log: PartedLog, hold_out: HoldOut, arm: Arm | None, cuts: int, sample_users: int | None, spill: Spill
) -> Sequence[Callable[[], tuple[Task, int]]]:
    """Return what asks about each cut, the oldest first: a question, and how many users it could be about."""
    newest = quantile.higher(log.times, 1 - splits.NEWEST_SHARE) if hold_out.at is None else hold_out.at
    holds = rolling.periods(newest, log.last, hold_out, cuts) if cuts > 1 else [replace(hold_out, at=newest)]
    return [functools.partial(_task, split(log, each, arm), log, cuts, sample_users, spill) for each in holds]


def _task(parted: PartedSplit, log: PartedLog, cuts: int, sample_users: int | None, spill: Spill) -> tuple[Task, int]:
    asked = parted_tasks.sampled(parted, len(log.item_ids), sample_users, parted.hold_out.seed)
    try:
        return parted_tasks.task(parted, log.item_ids, asked, spill), asked.with_truth
    except InvalidRequest as refused:
        raise rolling.at_cut(refused, parted.hold_out, cuts) if cuts > 1 else refused from None


def of_folder(
    folder: Path, train: PartedLog, now: float, spill: Spill, facts: DataFacts
) -> tuple[Task, DataFacts, str | None]:
    """Return what ``splits_folder.read`` does, and ``facts`` of train.csv with those of truth.csv. Raises BadFile."""
    truth = logs.read(folder / splits_folder.TRUTH, now)
    cut, _, change = splits_folder.checked(folder, train.file_rows, splits_folder.file_rows(truth))
    others = sorted(set(truth.rows.item_ids) - set(train.item_ids))
    items = [*train.item_ids, *others]
    code = {item: number for number, item in enumerate(items)}
    past = parted_tasks.of_users(train, truth.rows.user_ids, items)
    held = replace(truth.rows, items=np.array([code[item] for item in truth.rows.item_ids])[truth.rows.items])
    training = TrainingLogs(PartedSplit(train, WHOLE), train.item_ids, np.arange(len(train.item_ids), dtype=np.int32))
    made_with = PartedSplit(train, replace(splits_folder.hold_out(folder), at=cut))
    validation = parted_tasks.inner_of(training, made_with, int(held.last), spill)
    known_users = sum(1 for user in truth.rows.user_ids if user in past.known)
    facts = replace(
        facts,
        interactions=facts.interactions + len(truth),
        users=facts.users + len(truth.rows.user_ids) - known_users,
        items=len(items),
        first=min(facts.first, int(held.first)),
        last=max(facts.last, int(held.last)),
    )
    question = assemble(
        PartedTraining(training, spill.folder, spill.memory), past.rows, replace(held, item_ids=items), cut, validation
    )
    return question, facts, change
