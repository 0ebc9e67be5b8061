"""What recommenders show: the items that stand in most lists."""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.report.text import Table
from evaluation.scoring.leaderboard import Leaderboard
from evaluation.task import Task

MOST_SHOWN = 5


class Names:
    """How items are called: by their titles, or else their ids."""

    def __init__(self, task: Task, titles: Mapping[str, str]) -> None:
        self._ids, self._titles = task.past.item_ids, titles

    def of(self, code: int) -> str:
        """Return an item's name; an item that nobody knows has none."""
        if code >= len(self._ids):
            return "an unknown item"
        item = self._ids[code]
        return self._titles.get(item, item)


def most_shown(leaderboard: Leaderboard, names: Names, recommenders: Sequence[str]) -> Table:
    """Return the items that stand in most lists of each recommender, with their share of the lists."""
    columns = [_commonest(leaderboard, names, name) for name in recommenders]
    rows = [[str(place + 1), *(column[place] for column in columns)] for place in range(MOST_SHOWN)]
    return Table(
        f"Shown most often, with the share of the lists of {leaderboard.main.k}", ["place", *recommenders], rows
    )


def _commonest(leaderboard: Leaderboard, names: Names, recommender: str) -> list[str]:
    head = leaderboard.row(recommender).candidate.lists[leaderboard.task][leaderboard.users, : leaderboard.main.k]
    codes, counts = np.unique(head[head >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_SHOWN]
    cells = [f"{names.of(codes[place])} ({counts[place] / len(head):.0%})" for place in order.tolist()]
    return cells + [""] * (MOST_SHOWN - len(cells))
