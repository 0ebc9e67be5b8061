"""What an import says of one user, and of a time, in whatever order its rows came."""

from pathlib import Path

import numpy as np
import pytest

from personalize_local.data.history import Imported
from recommender_models.interactions import Interaction, InteractionColumns

ROWS = [("b", "i1", 4), ("a", "i2", 3), ("b", "i3", 1), ("a", "i1", 3), ("a", "i3", 2)]


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    users, items = ["b", "a"], ["i1", "i2", "i3"]
    InteractionColumns(
        users,
        items,
        ["view"],
        users=np.array([users.index(user) for user, _, _ in ROWS], dtype=np.int32),
        items=np.array([items.index(item) for _, item, _ in ROWS], dtype=np.int32),
        types=np.zeros(len(ROWS), dtype=np.int16),
        times=np.array([time for _, _, time in ROWS], dtype=np.int64),
        values=np.array([time / 2 for _, _, time in ROWS], dtype=np.float32),
    ).save(tmp_path / "interactions")
    return Imported(tmp_path)


def expected(*places: int) -> list[Interaction]:
    chosen = [ROWS[place] for place in places]
    return [Interaction(user, item, "view", float(time), time / 2) for user, item, time in chosen]


def test_a_user_has_their_own_in_time_order_and_equal_ones_as_they_came(imported: Imported) -> None:
    assert imported.for_user("a") == expected(4, 1, 3)
    assert imported.for_user("b") == expected(2, 0)
    assert imported.for_user("c") == []


def test_what_lies_in_a_time_is_that_of_its_users(imported: Imported) -> None:
    assert sorted(imported.between(2, 4)) == sorted(expected(1, 3, 4))
    assert list(imported.between(5, 9)) == []
