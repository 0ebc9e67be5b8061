"""A split as files, for a real Personalize: what to import, what is to be foretold, whom to ask about.

``train.csv`` and ``truth.csv`` hold rows of the file that was given, all its columns; ``batch_users.json`` is the input
of a batch inference job, one user a line; ``split.json`` says how it was made. Written beside and renamed at the end.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from evaluation.data import log as logs
from evaluation.data.log import Log, Mask
from evaluation.data.whole_folder import whole_folder
from evaluation.failure import BadFile
from evaluation.splits import HoldOut, Split
from evaluation.task import Task, assemble

TRAIN, TRUTH, USERS, ABOUT = "train.csv", "truth.csv", "batch_users.json", "split.json"
ROWS = 200_000  # of the file at a time


@dataclass(frozen=True)
class Written:
    """How many rows and users went where."""

    train_rows: int
    truth_rows: int
    users: int
    rows_left_out: int


def write(
    source: Path, log: Log, split: Split, chosen: Mask, how: HoldOut, out: Path, step: Callable[[int], None]
) -> Written:
    """Write a split into a new or empty folder. ``chosen``: the users asked about; ``step`` takes rows done.

    What was before is all in train.csv, the past of those asked about, too: Personalize knows no other history.
    Raises BadFile if the folder is not empty, and leaves nothing half-written.
    """
    train = _rows(log, split.train | split.past, source)
    truth = _rows(log, split.truth & chosen[log.rows.users], source)
    users = [log.rows.user_ids[user] for user in np.flatnonzero(chosen).tolist()]
    with whole_folder(out) as folder:
        with (folder / TRAIN).open("wb") as before, (folder / TRUTH).open("wb") as after:
            _copy(source, ((train, before), (truth, after)), step)
        lines = (json.dumps({"userId": user}, ensure_ascii=False) + "\n" for user in users)
        (folder / USERS).write_text("".join(lines), encoding="utf-8")
        about = {"hold_out": asdict(how), "cut": split.cut, "source": source.name}
        (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n")
    counts = int(train.sum()), int(truth.sum())
    return Written(*counts, len(users), len(log) - sum(counts))


def is_split(folder: Path) -> bool:
    """Return whether a folder is one that ``write`` has written."""
    return (folder / ABOUT).is_file()


def read(folder: Path) -> tuple[Task, Log]:
    """Return the question of a folder, and its training interactions. Raises BadFile."""
    train, truth = logs.read(folder / TRAIN), logs.read(folder / TRUTH)
    try:
        cut = json.loads((folder / ABOUT).read_text()).get("cut")
    except ValueError:
        raise BadFile(folder / ABOUT, "not JSON: it may be cut off") from None
    return _question(train, truth, cut), train


def _question(train: Log, truth: Log, cut: int | None) -> Task:
    known = set(train.rows.item_ids)
    items = [*train.rows.item_ids, *(item for item in truth.rows.item_ids if item not in known)]
    code = {item: place for place, item in enumerate(items)}
    users = list(truth.rows.user_ids)
    place = {user: place for place, user in enumerate(users)}
    users_of_train = np.array([place.get(user, -1) for user in train.rows.user_ids])
    asked = users_of_train[train.rows.users] >= 0
    past = replace(train.rows.take(asked), user_ids=users, item_ids=items)
    past = replace(past, users=users_of_train[past.users])
    recoded = np.array([code[item] for item in truth.rows.item_ids])[truth.rows.items]
    return assemble(train.rows, past, replace(truth.rows, items=recoded, item_ids=items), cut)


def _rows(log: Log, mask: Mask, source: Path) -> Mask:
    """Return which rows of the file are the interactions of a mask."""
    places = log.places[mask]
    rows = np.zeros(int(log.places.max()) + 1, dtype=bool)
    rows[places] = True
    return rows


def _copy(source: Path, parts: Sequence[tuple[Mask, BinaryIO]], step: Callable[[int], None]) -> None:
    start = 0
    frames = pl.scan_csv(source, infer_schema=False).collect_batches(chunk_size=ROWS, maintain_order=True)
    for frame in frames:
        for mask, file in parts:
            wanted = mask[start : start + len(frame)]
            wanted = np.pad(wanted, (0, len(frame) - len(wanted)))
            frame.filter(pl.Series(wanted)).write_csv(file, include_header=start == 0)
        start += len(frame)
        step(start)
