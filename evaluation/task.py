"""The question that all recommenders get: what the users in the test will take, given what was known before."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evaluation import constants
from evaluation.data.log import Log
from evaluation.splits import Split, within
from evaluation.training import Training
from recommender_models.grouping import are_among, distinct
from recommender_models.training_set import Codes, TrainingSet

ALL_ITEMS, NEW_ITEMS, TASKS = constants.ALL_ITEMS, constants.NEW_ITEMS, constants.TASKS
FEW_REPEATS = 0.05  # of what is to be predicted; below, a list of the user's own items wastes its places


@dataclass(frozen=True, eq=False)
class Pairs:
    """Users (places among the test users) and items (codes), sorted, each pair once."""

    users: Codes
    items: Codes

    def __len__(self) -> int:
        return len(self.users)

    def take(self, mask: npt.NDArray[np.bool_]) -> "Pairs":
        """Return the pairs of a mask."""
        return Pairs(self.users[mask], self.items[mask])


Inner = Callable[[int, int], "Task | None"]
"""Takes how many users at most, and a seed."""


@dataclass(frozen=True, eq=False)
class Task:
    """``train``: what may be trained on. ``past``: what was known of the test users, ``past.user_ids``.

    Items are coded alike everywhere: first those of ``train.item_ids``, which can be recommended by learning, then
    others that only the past or the truth has; ``past.item_ids`` has them all. ``truth``: pairs held out;
    ``truth_times``: the earliest time of each. ``cut``: see ``Split``. ``validation``: asks the same kind of
    question within the training, for the choice of settings, or None; see ``inner``.
    """

    train: Training
    past: TrainingSet
    truth: Pairs
    truth_times: npt.NDArray[np.int64]
    cut: int | None
    catalogue: int
    """How many items could be recommended: those trained on, and others of the Items dataset."""
    validation: "Inner | None" = None

    @property
    def users(self) -> int:
        return len(self.past.user_ids)

    @property
    def trained_items(self) -> int:
        return len(self.train.item_ids)

    def known_past(self) -> TrainingSet:
        """Return the past within the trained items: all that a trained model can make of it."""
        known = self.past.take(self.past.items < self.trained_items)
        return replace(known, item_ids=self.train.item_ids)

    def owned(self) -> Pairs:
        """Return what the test users had before."""
        return _distinct(self.past.users, self.past.items, len(self.past.item_ids))

    def repeats(self) -> npt.NDArray[np.bool_]:
        """Return which pairs of the truth the user had before."""
        return is_in(self.truth, self.owned(), len(self.past.item_ids))

    def moments(self) -> npt.NDArray[np.int64] | None:
        """Return when each test user is asked: the first of their truth; None where all are asked at the cut."""
        if self.cut is not None:
            return None
        first = np.full(self.users, np.iinfo(np.int64).max)
        np.minimum.at(first, self.truth.users, self.truth_times)
        return first

    def repeat_share(self) -> float:
        """Return the share of the truth that the user had before; 0 without a truth."""
        return float(self.repeats().mean()) if len(self.truth) else 0.0

    def truth_for(self, task_name: str) -> Pairs:
        """Return what counts as a hit: any item for ``all-items``, one new to the user for ``new-items``."""
        return self.truth if task_name == ALL_ITEMS else self.truth.take(~self.repeats())


def in_order(task: Task, names: Sequence[str]) -> list[str]:
    """Return names of tasks, ``new-items`` first where nearly nobody takes an item again."""
    return sorted(names, key=lambda name: name != NEW_ITEMS) if task.repeat_share() < FEW_REPEATS else list(names)


def is_in(pairs: Pairs, others: Pairs, items: int) -> npt.NDArray[np.bool_]:
    """Return which pairs are among others; ``items``: more than any code."""
    return are_among(_keys(pairs.users, pairs.items, items), _keys(others.users, others.items, items))


def task(log: Log, split: Split, sample_users: int | None, seed: int) -> Task:
    """Return the question of a split, about all test users or a sample of them."""
    chosen = sampled(log, split, sample_users, seed)
    last = int(log.rows.times[split.truth & chosen[log.rows.users]].max())
    validation = within(log.take(split.train), split.hold_out, split.cut, last)
    return _asked(log.rows, split, chosen, validation)


def inner(task: Task, most_users: int, seed: int) -> Task | None:
    """Return the same kind of question within the training, about at most so many users; None if there is none."""
    return task.validation(most_users, seed) if task.validation else None


def inner_of(train: TrainingSet, split: Split | None) -> Inner | None:
    """Return what asks about a split of the training."""
    if split is None:
        return None
    return lambda most_users, seed: _asked(train, split, _sampled(train, split, most_users, seed))


def _asked(rows: TrainingSet, split: Split, chosen: npt.NDArray[np.bool_], validation: Split | None = None) -> Task:
    trained = np.bincount(rows.items[split.train], minlength=len(rows.item_ids)) > 0
    # The trained items first, each part still sorted by id.
    order = np.argsort(~trained, kind="stable")
    code = np.empty(len(order), dtype=np.int32)
    code[order] = np.arange(len(order))
    recoded = replace(rows, items=code[rows.items], item_ids=[rows.item_ids[item] for item in order.tolist()])
    train = replace(recoded.take(split.train), item_ids=recoded.item_ids[: int(trained.sum())])
    truth = recoded.take(split.truth).for_users(chosen)
    past = recoded.take(split.past).for_users(chosen)
    return assemble(train, past, truth, split.cut, inner_of(train, validation))


def assemble(
    train: Training, past: TrainingSet, truth: TrainingSet, cut: int | None, validation: Inner | None = None
) -> Task:
    """Return the question; the codes of all three agree, and ``past`` and ``truth`` have the same users."""
    size = len(past.item_ids)
    pairs = _distinct(truth.users, truth.items, size)
    pair = np.searchsorted(_keys(pairs.users, pairs.items, size), _keys(truth.users, truth.items, size))
    times = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(times, pair, truth.times)
    return Task(train, past, pairs, times, cut, len(train.item_ids), validation)


def with_catalogue(task: Task, item_ids: Sequence[str]) -> Task:
    """Return the same question where items of the Items dataset could be recommended, too."""
    listed, trained = set(item_ids), set(task.train.item_ids)
    known = set(task.past.item_ids)
    past = replace(task.past, item_ids=[*task.past.item_ids, *sorted(listed - known)])
    return replace(task, past=past, catalogue=len(trained | listed))


def sampled(log: Log, split: Split, most: int | None, seed: int) -> npt.NDArray[np.bool_]:
    """Return which users are asked about, one mark each: those with a truth, or ``most`` of them.

    Who they are follows from hashes of the ids and the seed.
    """
    with_truth = np.unique(log.rows.users[split.truth])
    if most is not None and most < len(with_truth):
        ids = [log.rows.user_ids[user] for user in with_truth.tolist()]
        with_truth = with_truth[first_by_hash(ids, most, seed)]
    return _marked(with_truth, len(log.rows.user_ids))


def first_by_hash(user_ids: Sequence[str], most: int, seed: int) -> list[int]:
    """Return the places of the users with the lowest hashes, whatever order they come in, on whatever machine."""
    hashes = [sample_hash(user, seed) for user in user_ids]
    return sorted(range(len(hashes)), key=hashes.__getitem__)[:most]


def sample_hash(user_id: str, seed: int) -> str:
    """Return what decides on whether a user is in a sample: a random order that every engine can compute."""
    return hashlib.sha256(f"{seed}:{user_id}".encode()).hexdigest()


def _sampled(rows: TrainingSet, split: Split, most: int | None, seed: int) -> npt.NDArray[np.bool_]:
    with_truth = np.unique(rows.users[split.truth])
    if most is not None:
        with_truth = np.random.default_rng(seed).permutation(with_truth)[:most]
    return _marked(with_truth, len(rows.user_ids))


def _marked(places: Codes, size: int) -> npt.NDArray[np.bool_]:
    marks = np.zeros(size, dtype=bool)
    marks[places] = True
    return marks


def _distinct(users: Codes, items: Codes, size: int) -> Pairs:
    return Pairs(*np.divmod(distinct(_keys(users, items, size)), size))


def _keys(users: Codes, items: Codes, size: int) -> npt.NDArray[np.int64]:
    return users.astype(np.int64) * size + items
