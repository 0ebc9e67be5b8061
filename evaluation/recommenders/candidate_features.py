"""What a learned order may know of a user and an item that might be recommended to them: numbers, one column each.

The scores of the other recommenders, counts and ages, popularity of late, the hour, and attributes: how much of the
user's past is of the
item's categories, and the item's numbers, such as its price. Nothing is known of the moment asked about or later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evaluation.recommenders.score_blocks import Blocks, SparseScores
from recommender_models.grouping import distinct, rank_within
from recommender_models.record_columns import RecordColumns, categories
from recommender_models.training_set import Codes, Floats, TrainingSet

DAY = 86_400.0
MOST_COLUMNS = 10  # of each dataset


@dataclass(frozen=True, eq=False)
class Asked:
    """``places``: candidates, users by places, codes of items, -1 for none. ``past``: of the users.

    ``train``: what the scores were learned from; ``now``: when each user is asked, epoch seconds.
    """

    places: Codes
    past: TrainingSet
    train: TrainingSet
    now: npt.NDArray[np.float64]

    @property
    def users(self) -> Codes:
        """Return the user of each pair that there is, in the order of the places."""
        return np.nonzero(self.places >= 0)[0]

    @property
    def items(self) -> Codes:
        """Return the item of each."""
        return self.places[self.places >= 0]


def features(
    asked: Asked, scores: Mapping[str, Blocks], users: RecordColumns, items: RecordColumns
) -> dict[str, Floats]:
    """Return named columns, one number for each pair."""
    columns = {name: _scores_at(blocks, asked.places) for name, blocks in scores.items()}
    columns["place"] = np.nonzero(asked.places >= 0)[1].astype(np.float32)
    columns |= _counts_and_ages(asked)
    columns |= _popularity(asked)
    columns |= _usual(asked)
    columns["hour"] = _same_hour(asked)
    columns |= _numbers("user", users, asked.past.user_ids, asked.users)
    columns |= _numbers("item", items, asked.train.item_ids, asked.items)
    columns |= _categories_in_past(asked, items)
    return columns


def _scores_at(blocks: Blocks, places: Codes) -> Floats:
    found, start = [], 0
    for block in blocks:
        some = places[start : start + len(block)]
        full = block.full() if isinstance(block, SparseScores) else block
        found.append(np.take_along_axis(full, np.maximum(some, 0), axis=1)[some >= 0])
        start += len(block)
    return np.concatenate(found)


def _counts_and_ages(asked: Asked) -> dict[str, Floats]:
    """Return how often and when the user had the item, how old item and user are; days before they are asked."""
    size, past, now = len(asked.train.item_ids), asked.past, asked.now[asked.users]
    keys = past.users.astype(np.int64) * size + past.items
    order = np.lexsort((past.times, keys))
    pairs, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    pair = asked.users * size + asked.items
    place = np.searchsorted(pairs, pair).clip(max=max(0, len(pairs) - 1))
    had = pairs[place] == pair if len(pairs) else np.zeros(len(pair), dtype=bool)
    newest = past.times[order][starts + counts - 1] if len(pairs) else np.zeros(1)
    count, last = (counts if len(pairs) else np.zeros(1))[place], newest[place]
    first_of_item, last_of_item = _first_and_last(asked.train.items, asked.train.times, size)
    _, last_of_user = _first_and_last(past.users, past.times, len(past.user_ids))
    moments = np.bincount(past.users, minlength=len(past.user_ids))
    return {
        "times had": np.where(had, count, 0).astype(np.float32),
        "days since had": np.where(had, (now - last) / DAY, np.nan).astype(np.float32),
        "age of the item": ((now - first_of_item[asked.items]) / DAY).astype(np.float32),
        "days since the item": ((now - last_of_item[asked.items]) / DAY).astype(np.float32),
        "days since the user": ((now - last_of_user[asked.users]) / DAY).astype(np.float32),
        "length of the past": moments[asked.users].astype(np.float32),
    }


def _popularity(asked: Asked) -> dict[str, Floats]:
    """Return how often the item was taken before the user is asked, and whether more often of late."""
    items, times, start = asked.train.items, asked.train.times, asked.train.times.min()
    span = int(times.max() - start) + 2
    keys = np.sort(items.astype(np.int64) * span + (times - start).astype(np.int64))

    def until(days: float) -> npt.NDArray[np.int64]:
        """Return how many interactions come before the item's so many days before the user is asked."""
        at = np.clip(asked.now[asked.users] - days * DAY - start, 0, span - 1).astype(np.int64)
        return np.searchsorted(keys, asked.items.astype(np.int64) * span + at)

    now = until(0)
    week, month, quarter = (now - until(days) for days in (7, 30, 90))
    ever = now - np.searchsorted(keys, asked.items.astype(np.int64) * span)
    columns = {
        "taken in a week": week,
        "week of the month": (week + 1) / (month * 7 / 30 + 1),
        "month of the quarter": (month + 1) / (quarter / 3 + 1),
        "taken ever": ever,
    }
    return {name: values.astype(np.float32) for name, values in columns.items()}


def _usual(asked: Asked) -> dict[str, Floats]:
    """Return how popular and how new the items are that the user takes, and by how many users the item was taken."""
    train, past, size = asked.train, asked.past, len(asked.train.item_ids)
    taken = np.bincount(train.items, minlength=size)
    takers = np.bincount(distinct(train.users.astype(np.int64) * size + train.items) % size, minlength=size)
    different = np.bincount(
        distinct(past.users.astype(np.int64) * size + past.items) // size, minlength=len(past.user_ids)
    )
    popular, (first, _) = np.log1p(taken), _first_and_last(train.items, train.times, size)
    of_user = _mean_of_user(past, popular[past.items])
    columns = {
        "users of the item": takers[asked.items],
        "times a user of the item": (taken / np.maximum(1, takers))[asked.items],
        "different items of the past": different[asked.users],
        "popularity of the past": of_user[asked.users],
        "more popular than the past": popular[asked.items] - of_user[asked.users],
        "age of items when taken": _mean_of_user(past, (past.times - first[past.items]) / DAY)[asked.users],
    }
    return {name: values.astype(np.float32) for name, values in columns.items()}


def _mean_of_user(past: TrainingSet, values: npt.NDArray) -> npt.NDArray[np.float64]:
    users = len(past.user_ids)
    return np.bincount(past.users, values, users) / np.maximum(1, np.bincount(past.users, minlength=users))


def _first_and_last(codes: Codes, times: npt.NDArray, size: int) -> tuple[npt.NDArray, npt.NDArray]:
    """Return the first and the last time of each code, NaN without one."""
    first, last = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(first, codes, times)
    np.maximum.at(last, codes, times)
    return np.where(np.isinf(first), np.nan, first), np.where(np.isinf(last), np.nan, last)


def _same_hour(asked: Asked) -> Floats:
    """Return how near the item's usual hour (UTC) is to the user's: from -1 to 1, the less the more hours vary."""
    users = _usual_hour(asked.past.users, asked.past.times, len(asked.past.user_ids))
    items = _usual_hour(asked.train.items, asked.train.times, len(asked.train.item_ids))
    return np.einsum("ij,ij->i", users[asked.users], items[asked.items]).astype(np.float32)


def _usual_hour(codes: Codes, times: npt.NDArray, size: int) -> npt.NDArray[np.float64]:
    angles = (times % DAY) * (2 * np.pi / DAY)
    counts = np.maximum(1, np.bincount(codes, minlength=size))
    return np.stack([np.bincount(codes, wave(angles), size) / counts for wave in (np.cos, np.sin)], axis=1)


def _numbers(about: str, records: RecordColumns, ids: Sequence[str], codes: Codes) -> dict[str, Floats]:
    """Return the values of columns that are numbers, such as a price or an age."""
    numeric = [name for name, values in records.columns.items() if _are_numbers(values)][:MOST_COLUMNS]
    place = {record_id: number for number, record_id in enumerate(records.ids)}
    rows = np.array([place.get(one, -1) for one in ids], dtype=np.int64)[codes]
    columns = {}
    for name in numeric:
        values = np.array([*(np.nan if value is None else value for value in records.columns[name]), np.nan])
        columns[f"{about}: {name}"] = values[rows].astype(np.float32)
    return columns


def _are_numbers(values: Sequence[object]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _categories_in_past(asked: Asked, items: RecordColumns) -> dict[str, Floats]:
    """Return for each text column how much of the user's past has a category of the item's."""
    columns = {}
    texts = [name for name, values in items.columns.items() if not _are_numbers(values)][:MOST_COLUMNS]
    for name in texts:
        belongs = _belonging(items, name, asked.train.item_ids)
        shape = len(asked.past.user_ids), belongs.shape[0]
        taken = sparse.csr_array((np.ones(len(asked.past)), (asked.past.users, asked.past.items)), shape=shape)
        tastes = (taken @ belongs).tocsr()
        counts = np.maximum(1, np.bincount(asked.past.users, minlength=shape[0]))
        shared = tastes[asked.users].multiply(belongs[asked.items]).sum(axis=1)
        columns[f"category: {name}"] = (np.asarray(shared).ravel() / counts[asked.users]).astype(np.float32)
    return columns


def _belonging(items: RecordColumns, name: str, item_ids: Sequence[str]) -> sparse.csr_array:
    """Return items by categories: 1 where the item is of it."""
    code = {item: number for number, item in enumerate(item_ids)}
    number: dict[str, int] = {}
    pairs = [
        (code[item], number.setdefault(category, len(number)))
        for item, value in zip(items.ids, items.columns[name], strict=True)
        if item in code
        for category in categories(value)
    ]
    lines, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    shape = len(item_ids), max(1, len(number))
    return sparse.csr_array((np.ones(len(lines)), (lines, columns)), shape=shape)


def labels(asked: Asked, truth_users: Codes, truth_items: Codes) -> npt.NDArray[np.bool_]:
    """Return which pairs came true."""
    size = max(int(truth_items.max(initial=0)), len(asked.train.item_ids)) + 1
    return np.isin(asked.users * size + asked.items, truth_users.astype(np.int64) * size + truth_items)


def ordered(asked: Asked, values: Floats, limit: int) -> Codes:
    """Return each user's items by falling value, users by places, -1 where there are no more."""
    lists = np.full((len(asked.places), limit), -1, dtype=np.int32)
    rank = rank_within(asked.users, -values)
    listed = rank < limit
    lists[asked.users[listed], rank[listed]] = asked.items[listed]
    return lists
