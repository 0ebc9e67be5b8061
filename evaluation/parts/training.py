"""What may be trained on, in parts: counts of all of it, and one part after the other."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evaluation.data.log import Log
from evaluation.parts.split import PartedSplit
from recommender_models.training_set import Codes, TrainingSet


@dataclass(frozen=True, eq=False)
class TrainingLogs:
    """The training side of a split, part by part, with the items coded as in the question."""

    split: PartedSplit
    item_ids: Sequence[str]
    code: Codes

    def __iter__(self) -> Iterator[Log]:
        for log, masks in self.split:
            train = log.take(masks.train)
            yield replace(train, rows=replace(train.rows, items=self.code[train.rows.items], item_ids=self.item_ids))


@dataclass(frozen=True, eq=False)
class PartedTraining:
    """What the evaluation asks of a ``TrainingSet``; ``logs`` are read again each time.

    ``folder``: for what is too large for ``memory`` (bytes); its owner removes it.
    """

    logs: TrainingLogs
    folder: Path
    memory: int

    @property
    def item_ids(self) -> Sequence[str]:
        return self.logs.item_ids

    def __iter__(self) -> Iterator[TrainingSet]:
        return (log.rows for log in self.logs if len(log))

    def __len__(self) -> int:
        return self._counts.rows

    @property
    def first(self) -> int:
        return self._counts.first

    @property
    def last(self) -> int:
        return self._counts.last

    def item_counts(self, size: int) -> npt.NDArray[np.int64]:
        return _padded(self._counts.by_item, size, 0)

    def user_counts(self) -> npt.NDArray[np.int32]:
        return self._counts.by_user

    def first_times(self, size: int) -> npt.NDArray[np.int64]:
        return _padded(self._counts.first_by_item, size, np.iinfo(np.int64).max)

    def late(self, moment: int) -> int:
        return sum(rows.late(moment) for rows in self)

    @functools.cached_property
    def _counts(self) -> "_Counts":
        return _counted(self.logs, len(self.item_ids))


@dataclass(frozen=True, eq=False)
class _Counts:
    rows: int
    first: int
    last: int
    by_item: npt.NDArray[np.int64]
    by_user: npt.NDArray[np.int32]
    first_by_item: npt.NDArray[np.int64]


def _counted(logs: TrainingLogs, items: int) -> _Counts:
    by_item, by_user = np.zeros(items, dtype=np.int64), []
    first_by_item = np.full(items, np.iinfo(np.int64).max)
    first, last, rows = np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0
    for log in logs:
        by_user.append(log.rows.user_counts().astype(np.int32))
        if len(log):
            by_item += log.rows.item_counts(items)
            np.minimum(first_by_item, log.rows.first_times(items), out=first_by_item)
            first, last = min(first, int(log.rows.first)), max(last, int(log.rows.last))
            rows += len(log)
    return _Counts(rows, first, last, by_item, np.concatenate(by_user), first_by_item)


def _padded(values: npt.NDArray[np.int64], size: int, filling: int) -> npt.NDArray[np.int64]:
    return np.concatenate([values, np.full(size - len(values), filling, dtype=np.int64)])
