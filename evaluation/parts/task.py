"""The question of a split in parts: the past and the truth of the users asked about, in memory; the training, not."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from evaluation.data.log import Log
from evaluation.parts.split import PartedSplit, check, within
from evaluation.parts.training import PartedTraining, TrainingLogs
from evaluation.task import Inner, Task, assemble, sample_hash
from recommender_models.training_set import Codes, TrainingSet


@dataclass(frozen=True)
class Spill:
    """Where to put what is larger than ``memory`` (bytes)."""

    folder: Path
    memory: int


@dataclass(frozen=True, eq=False)
class Asked:
    """Who is asked about: ``users`` has the codes of each part. ``with_truth``: how many could be asked.

    ``trained``: which items the training has; ``rows``: of the training.
    """

    users: Sequence[Codes]
    with_truth: int
    trained: np.ndarray
    rows: int

    def of_part(self, number: int) -> Codes:
        """Return the codes of those of a part."""
        return self.users[number] if number < len(self.users) else np.empty(0, dtype=np.int64)


def task(split: PartedSplit, item_ids: Sequence[str], asked: Asked, spill: Spill) -> Task:
    """Return the question about some users. Raises InvalidRequest if a side of the split is empty."""
    check(split.hold_out, rows=asked.rows, users=asked.with_truth)
    order = np.argsort(~asked.trained, kind="stable")
    code = np.empty(len(order), dtype=np.int32)
    code[order] = np.arange(len(order))
    names = [item_ids[item] for item in order.tolist()]
    logs = TrainingLogs(split, names[: int(asked.trained.sum())], code)
    past, truth = _past_and_truth(split, asked, code, names)
    training = PartedTraining(logs, spill.folder, spill.memory)
    validation = inner_of(logs, split, int(truth.times.max()), spill)
    return assemble(training, past, truth, split.cut, validation)


def sampled(split: PartedSplit, items: int, most: int | None, seed: int) -> Asked:
    """Return ``most`` of the users with a truth, or all: the same as ``task.sampled``."""
    trained, rows, with_truth = np.zeros(items, dtype=bool), 0, 0
    chosen: list[tuple[str, int, int]] = []  # hash, part, code
    for part, (log, masks) in enumerate(split):
        trained[log.rows.items[masks.train]] = True
        rows += int(masks.train.sum())
        users = np.unique(log.rows.users[masks.truth]).tolist()
        with_truth += len(users)
        hashes = (sample_hash(log.rows.user_ids[user], seed) if most is not None else "" for user in users)
        chosen += [(text, part, user) for text, user in zip(hashes, users, strict=True)]
        if most is not None:
            chosen = sorted(chosen)[:most]
    return Asked(_by_part([(part, user) for _, part, user in chosen]), with_truth, trained, rows)


def drawn(split: PartedSplit, items: int, most: int, seed: int) -> Asked:
    """Return ``most`` of the users with a truth: the same as a split of the training in memory draws."""
    trained, rows = np.zeros(items, dtype=bool), 0
    ids, codes, parts = [], [], []
    for part, (log, masks) in enumerate(split):
        trained[log.rows.items[masks.train]] = True
        rows += int(masks.train.sum())
        users = np.unique(log.rows.users[masks.truth])
        ids.append(pl.Series([log.rows.user_ids[user] for user in users.tolist()], dtype=pl.String))
        codes.append(users)
        parts.append(np.full(len(users), part))
    order = pl.concat(ids).arg_sort().to_numpy()
    chosen = order[np.random.default_rng(seed).permutation(len(order))[:most]]
    pairs = zip(np.concatenate(parts)[chosen].tolist(), np.concatenate(codes)[chosen].tolist(), strict=True)
    return Asked(_by_part(list(pairs)), len(order), trained, rows)


def _by_part(pairs: Sequence[tuple[int, int]]) -> list[Codes]:
    users: list[list[int]] = [[] for _ in range(1 + max((part for part, _ in pairs), default=-1))]
    for part, user in sorted(pairs):
        users[part].append(user)
    return [np.array(some, dtype=np.int64) for some in users]


def inner_of(logs: TrainingLogs, split: PartedSplit, last: int, spill: Spill) -> Inner:
    """Return what asks about a split of the training; ``last``: of the truth."""

    def ask(most_users: int, seed: int) -> Task | None:
        inner = within(logs, split.hold_out, last)
        asked = drawn(inner, len(logs.item_ids), most_users, seed)
        return task(inner, logs.item_ids, asked, spill) if asked.rows and asked.with_truth else None

    return ask


def _past_and_truth(
    split: PartedSplit, asked: Asked, code: Codes, names: Sequence[str]
) -> tuple[TrainingSet, TrainingSet]:
    past, truth = [], []
    for part, (log, masks) in enumerate(split):
        users = asked.of_part(part)
        chosen = np.zeros(len(log.rows.user_ids), dtype=bool)
        chosen[users] = True
        if len(users):
            past.append(log.rows.take(masks.past).for_users(chosen))
            truth.append(log.rows.take(masks.truth).for_users(chosen))
    user_ids = sorted(user for rows in past for user in rows.user_ids)
    return _joined(past, user_ids, code, names), _joined(truth, user_ids, code, names)


@dataclass(frozen=True, eq=False)
class PastOfUsers:
    """All that is known of some users. ``known``: those of whom anything is."""

    rows: TrainingSet
    known: Set[str]


def of_users(logs: Iterable[Log], user_ids: Sequence[str], names: Sequence[str]) -> PastOfUsers:
    """Return the interactions of some users, sorted. ``names``: of the items, those of the logs first."""
    wanted, some, known = set(user_ids), list[TrainingSet](), set[str]()
    for log in logs:
        chosen = np.array([user in wanted for user in log.rows.user_ids])
        rows = log.rows.for_users(chosen)
        if len(rows):
            some.append(rows)
            known.update(rows.user_ids)
    return PastOfUsers(_joined(some, user_ids, np.arange(len(names), dtype=np.int32), names), known)


def _joined(parts: Iterable[TrainingSet], user_ids: Sequence[str], code: Codes, names: Sequence[str]) -> TrainingSet:
    """Return the rows of all parts by user, with the users' places in ``user_ids``."""
    place = {user: number for number, user in enumerate(user_ids)}
    nothing = np.empty(0, dtype=np.int64)
    parts = [replace(rows, users=np.array([place[user] for user in rows.user_ids])[rows.users]) for rows in parts]
    users, items, times = (
        np.concatenate([nothing, *(getattr(rows, name) for rows in parts)]) for name in ("users", "items", "times")
    )
    order = np.argsort(users, kind="stable")
    weights = np.ones(len(order), dtype=np.float32)
    return TrainingSet(user_ids, names, users[order], code[items[order]], times[order], weights)
