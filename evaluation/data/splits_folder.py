"""A split as files, for a real Personalize: what to import, what is to be predicted, whom to ask about.

``train.csv`` and ``truth.csv`` hold rows of the file that was given, all its columns; ``batch_users.json`` is the input
of a batch inference job, one user a line; ``split.json`` says how it was made. Written beside and renamed at the end.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from evaluation.data import log as logs
from evaluation.data.log import Log, Mask
from evaluation.splits import HOLD_OUTS, HoldOut, Split, within
from evaluation.task import Task, assemble, inner_of
from personalize_data.errors import BadFile
from personalize_data.files import whole_folder
from recommender_models.training_set import TrainingSet

TRAIN, TRUTH, USERS, ABOUT = "train.csv", "truth.csv", "batch_users.json", "split.json"
PAST_ONLY = "past_only"
ROWS = "rows"
AT_A_TIME = 200_000  # rows of the file
IN_TRAIN, IN_TRUTH = 1, 2  # the marks of a row of the file
Sides = npt.NDArray[np.uint8]
_FAR = 10**15  # seconds: no time of ours


@dataclass(frozen=True)
class Written:
    """How many rows and users went where. ``past_only_rows``: those of ``train_rows`` that are no training."""

    train_rows: int
    truth_rows: int
    users: int
    rows_left_out: int
    past_only_rows: int


def write(
    source: Path, log: Log, split: Split, chosen: Mask, hold_out: HoldOut, out: Path, step: Callable[[int], None]
) -> Written:
    """Write a split into a new or empty folder. ``chosen``: the users asked about; ``step`` takes rows done.

    What was before is all in train.csv, the past of those asked about, too: Personalize knows no other history. Whose
    rows the split keeps out of the training, split.json names: so ``read`` returns the question of the split itself.
    Raises BadFile if the folder is not empty, and leaves nothing half-written.
    """
    sides = np.zeros(int(log.row_numbers.max()) + 1, dtype=np.uint8)
    mark(sides, log, split, chosen)
    users = [log.rows.user_ids[user] for user in np.flatnonzero(chosen).tolist()]
    past_only, past_only_rows = _past_only(log, split), int((split.past & ~split.train).sum())
    return write_sides(source, sides, users, hold_out, split.cut, past_only, past_only_rows, len(log), out, step)


def mark(sides: Sides, log: Log, split: Split, chosen: Mask) -> None:
    """Mark the rows of the file that go into train.csv and truth.csv. ``chosen``: the users asked about."""
    sides[log.row_numbers[split.train | split.past]] |= IN_TRAIN
    sides[log.row_numbers[split.truth & chosen[log.rows.users]]] |= IN_TRUTH


def write_sides(
    source: Path,
    sides: Sides,
    users: Sequence[str],
    hold_out: HoldOut,
    cut: int | None,
    past_only: Sequence[str],
    past_only_rows: int,
    interactions: int,
    out: Path,
    step: Callable[[int], None],
) -> Written:
    """Write what ``mark`` has marked; ``sides``: one number a row of the file. Else see ``write``."""
    counts = int(np.count_nonzero(sides & IN_TRAIN)), int(np.count_nonzero(sides & IN_TRUTH))
    rows = dict(zip((TRAIN, TRUTH, USERS), (*counts, len(users)), strict=True))
    with whole_folder(out) as folder:
        with (folder / TRAIN).open("wb") as before, (folder / TRUTH).open("wb") as after:
            _copy(source, sides, ((IN_TRAIN, before), (IN_TRUTH, after)), step)
        write_users(folder, users)
        write_about(folder, hold_out, cut, source.name, rows, past_only)
    return Written(*counts, len(users), interactions - sum(counts), past_only_rows)


def write_users(folder: Path, users: Sequence[str]) -> None:
    """Write the input of a batch inference job."""
    lines = (json.dumps({"userId": user}, ensure_ascii=False) + "\n" for user in users)
    (folder / USERS).write_text("".join(lines), encoding="utf-8")


def write_about(
    folder: Path, hold_out: HoldOut, cut: int | None, source: str, rows: Mapping[str, int], past_only: Sequence[str]
) -> None:
    """Write how a split was made. ``rows``: of each file."""
    about_split = {"hold_out": asdict(hold_out), "cut": cut, "source": source}
    about = about_split | {ROWS: rows, PAST_ONLY: past_only}
    (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n")


def is_split(folder: Path) -> bool:
    """Return whether a folder is one that ``write`` has written."""
    return (folder / ABOUT).is_file()


def hold_out(folder: Path) -> HoldOut:
    """Return how the folder was split. Raises BadFile."""
    about = folder / ABOUT
    try:
        made_with = HoldOut(**json.loads(about.read_text(encoding="utf-8"))["hold_out"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadFile(about, "it doesn't say how the folder was split: it may be cut off") from None
    if made_with.kind not in HOLD_OUTS:
        raise BadFile(about, f"there is no --hold-out {made_with.kind}; split it again")
    return made_with


def read(folder: Path, now: float = math.inf) -> tuple[Task, Log, str | None]:
    """Return the question of a folder, the interactions of its train.csv, and what is odd about its truth.csv.

    A file that has not the rows that were written looks whole if it was cut off at a line's end. Of truth.csv that is
    only said: somebody may want less to be predicted. ``now``: see ``log.read``. Raises BadFile.
    """
    train, truth = logs.read(folder / TRAIN, now), logs.read(folder / TRUTH, now)
    cut, past_only, change = checked(folder, file_rows(train), file_rows(truth))
    return _question(train, truth, cut, past_only, hold_out(folder)), train, change


def checked(folder: Path, train_rows: int, truth_rows: int) -> tuple[int | None, set[str], str | None]:
    """Return the cut, the users whose rows of train.csv are no training, and what is odd about truth.csv.

    The numbers are of rows in the files. Raises BadFile.
    """
    cut, past_only, rows = _about(folder / ABOUT)
    users = sum(1 for line in (folder / USERS).read_bytes().split(b"\n") if line)
    for name, row_count in ((TRAIN, train_rows), (USERS, users)):
        if change := _changed(row_count, rows[name]):
            raise BadFile(folder / name, f"it {change}; split it again")
    change = _changed(truth_rows, rows[TRUTH])
    return cut, past_only, f"{TRUTH} {change}" if change else None


def _changed(row_count: int, written: int) -> str | None:
    return (
        None
        if row_count == written
        else f"has {row_count:,} rows, and {written:,} were written: it was cut off or changed"
    )


def file_rows(log: Log) -> int:
    """Return how many rows the file of a log has."""
    return len(log) + log.duplicates + sum(left_out.rows for left_out in log.left_out.values())


def _about(path: Path) -> tuple[int | None, set[str], Mapping[str, int]]:
    """Return the cut, the users whose rows of train.csv are no training, and how many rows each file has."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise BadFile(path, "not JSON: it may be cut off") from None
    cut, past_only = (about.get("cut"), about.get(PAST_ONLY)) if isinstance(about, dict) else (None, None)
    if not isinstance(past_only, list) or not all(isinstance(user, str) for user in past_only):
        raise BadFile(path, f"no list {PAST_ONLY}: ./broker evaluate split did not write it as it is; split it again")
    if cut is not None and not (type(cut) is int and abs(cut) < _FAR):
        raise BadFile(path, "cut is neither null nor a whole number of seconds since 1970; split it again")
    rows = about.get(ROWS)
    if not isinstance(rows, dict) or not all(type(rows.get(name)) is int for name in (TRAIN, TRUTH, USERS)):
        raise BadFile(path, f"{ROWS} doesn't say how many each file has; split it again")
    return cut, set(past_only), rows


def _question(before: Log, truth: Log, cut: int | None, past_only: set[str], made_with: HoldOut) -> Task:
    log = before.rows
    trained = np.array([user not in past_only for user in log.user_ids])[log.users]
    in_training = np.bincount(log.items[trained], minlength=len(log.item_ids)) > 0
    known = {item for item, is_in in zip(log.item_ids, in_training.tolist(), strict=True) if is_in}
    others = {*log.item_ids, *truth.rows.item_ids} - known
    items = [*sorted(known), *sorted(others)]
    code = {item: index for index, item in enumerate(items)}
    log = _recoded(log, code, items)
    users = list(truth.rows.user_ids)
    index_of = {user: index for index, user in enumerate(users)}
    test_user_index = np.array([index_of.get(user, -1) for user in log.user_ids])[log.users]
    past = replace(log.take(test_user_index >= 0), user_ids=users)
    past = replace(past, users=test_user_index[test_user_index >= 0])
    train = replace(log.take(trained), item_ids=items[: len(known)])
    validation = within(before.take(trained), made_with, cut, int(truth.rows.times.max()))
    return assemble(train, past, _recoded(truth.rows, code, items), cut, inner_of(train, validation))


def _recoded(rows: TrainingSet, code: Mapping[str, int], items: Sequence[str]) -> TrainingSet:
    return replace(rows, items=np.array([code[item] for item in rows.item_ids])[rows.items], item_ids=items)


def _past_only(log: Log, split: Split) -> list[str]:
    users = np.unique(log.rows.users[split.past & ~split.train])
    return [log.rows.user_ids[user] for user in users.tolist()]


def _copy(source: Path, sides: Sides, files: Sequence[tuple[int, BinaryIO]], step: Callable[[int], None]) -> None:
    start = 0
    frames = pl.scan_csv(source, infer_schema=False).collect_batches(chunk_size=AT_A_TIME, maintain_order=True)
    for frame in frames:
        marks = sides[start : start + len(frame)]
        marks = np.pad(marks, (0, len(frame) - len(marks)))
        for side, file in files:
            frame.filter(pl.Series(marks & side != 0)).write_csv(file, include_header=start == 0)
        start += len(frame)
        step(start)
