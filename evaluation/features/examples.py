"""What there is to learn from: interactions, each with what its user had done before, and the group that came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation import constants
from evaluation.data.log import Log, Mask, check_type
from recommender_models.grouping import rank_within
from recommender_models.training_set import Codes

DAY = 86_400
Floats = npt.NDArray[np.float64]
MOST = constants.GROUPS
OTHER = "other"


@dataclass(frozen=True, eq=False)
class Examples:
    """``n`` of them. ``history``: a line each: how often each group came before, days since, and the newest group.

    ``users``: codes of the log's users; ``came``: the group that came. ``categorical``: which columns are codes.
    """

    history: Floats
    categorical: npt.NDArray[np.bool_]
    users: Codes
    came: Codes

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True, eq=False)
class Groups:
    """``of_items``: the group of each item, a place in ``names``."""

    of_items: Codes
    names: Sequence[str]


def examples(log: Log, groups: Groups, target: str | None, most: int, seed: int) -> Examples:
    """Return at most so many examples, drawn by the seed and spread over users: one each first, then a second.

    ``target``: only interactions of this type are predicted, though all are history. Raises InvalidRequest.
    """
    if target is not None:
        check_type(log.event_types, target)
    eligible = np.ones(len(log), dtype=bool) if target is None else log.is_type(target)
    rows = _drawn(log, eligible, most, seed)
    history, categorical = _histories(log, groups, rows)
    return Examples(history, categorical, log.rows.users[rows], groups.of_items[log.rows.items[rows]])


def _drawn(log: Log, eligible: Mask, most: int, seed: int) -> Codes:
    eligible_rows = np.flatnonzero(eligible)
    chance = np.random.default_rng(seed).random(len(eligible_rows))
    turn = rank_within(log.rows.users[eligible_rows], chance)
    return np.sort(eligible_rows[np.lexsort((chance, turn))[:most]])


def _histories(log: Log, groups: Groups, rows: Codes) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return what was before the second of each row: others of the same basket are not known."""
    users, times = log.rows.users, log.rows.times
    new_user = np.r_[True, users[1:] != users[:-1]]
    new_visit = new_user | np.r_[True, times[1:] != times[:-1]]
    begins = _newest(new_user)[rows]
    until = _newest(new_visit)[rows]
    group, some = groups.of_items[log.rows.items], until > begins
    before = np.maximum(until - 1, 0)
    columns: list[npt.NDArray] = []
    for number in range(len(groups.names)):
        running_count = np.r_[0, np.cumsum(group == number)]
        columns.append(running_count[until] - running_count[begins])
    columns.append(np.where(some, (times[rows] - times[before]) / DAY, np.nan))
    columns.append(np.where(some, group[before], np.nan))
    return np.column_stack(columns).astype(np.float64), np.r_[np.zeros(len(columns) - 1, dtype=bool), True]


def _newest(marks: Mask) -> Codes:
    """Return for each place the newest marked place up to it."""
    return np.asarray(np.maximum.accumulate(np.where(marks, np.arange(len(marks)), 0)))


def groups(items: Codes, item_ids: Sequence[str], named: Mapping[str, str | None] | None, most: int = MOST) -> Groups:
    """Return the most frequent groups, and ``other`` for the rest if there is one.

    ``items``: the item of each interaction; ``named``: item id → its group, or None to take each item as its own.
    """
    if most < 1:
        raise ValueError(f"no groups at all: {most}")
    of_item = [named.get(item) or OTHER if named is not None else item for item in item_ids]
    names, codes = np.unique(np.array(of_item, dtype=object), return_inverse=True)
    counts = np.bincount(codes[items], minlength=len(names))
    order = [code for code in np.argsort(-counts, kind="stable").tolist() if counts[code]]
    group_names = [str(names[code]) for code in order if str(names[code]) != OTHER or named is None][:most]
    number_of = {name: number for number, name in enumerate(group_names)}
    of_items = np.array([number_of.get(str(names[code]), len(group_names)) for code in codes.tolist()], dtype=np.int32)
    return Groups(of_items, [*group_names, OTHER] if (of_items[items] == len(group_names)).any() else group_names)
