"""The counts that training is decided by, over imports and the stream together."""

from pathlib import Path

import numpy as np
import pytest

from personalize_local.data.history import History, Imported
from personalize_local.data.streamed import Event
from personalize_local.toggles import Toggles
from recommender_models.interactions import InteractionColumns


def imported(folder: Path, *users: str) -> Path:
    """Write what an import leaves: one interaction for each name."""
    names = list(dict.fromkeys(users))
    size = len(users)
    InteractionColumns(
        names,
        ["i1"],
        ["view"],
        users=np.array([names.index(user) for user in users], dtype=np.int32),
        items=np.zeros(size, dtype=np.int32),
        types=np.zeros(size, dtype=np.int16),
        times=np.arange(size, dtype=np.int64),
        values=np.full(size, np.nan, dtype=np.float32),
    ).save(folder / "interactions")
    return folder


def put(history: History, *users: str) -> None:
    """Stream one event for each name."""
    for number, user in enumerate(users):
        history.streamed.accept(Event(user, "s", f"{user}{number}", "i1", "view", float(number), None, ""), 0.0)


@pytest.fixture
def history() -> History:
    return History(Toggles())


def test_users_count_once_wherever_their_interactions_are(history: History, tmp_path: Path) -> None:
    history.add_import(Imported(imported(tmp_path / "1", "a", "b", "b", "c")), replace=False)
    history.add_import(Imported(imported(tmp_path / "2", "c", "d")), replace=False)
    assert history.totals(1.0) == (6, 4, 2)
    put(history, "a", "b", "e", "f", "f")
    assert history.totals(1.0) == (11, 6, 4)


def test_replaced_and_forgotten_ones_do_not_count(history: History, tmp_path: Path) -> None:
    history.add_import(Imported(imported(tmp_path / "1", "a", "a", "b")), replace=False)
    history.add_import(Imported(imported(tmp_path / "2", "b", "c", "c")), replace=True)
    assert history.totals(1.0) == (3, 2, 1)
    put(history, "b", "c")
    assert history.forgetting({"c"})(1.0) == 3
    assert history.totals(1.0) == (2, 1, 1)


def test_a_session_is_trained_on_as_its_user(history: History, tmp_path: Path) -> None:
    for number, user in enumerate((None, "a", None)):
        history.streamed.accept(Event(user, "s", None, "i1", "view", float(number), None, ""), 0.0)
    (folder,) = history.snapshot(1.0).save(tmp_path)
    saved = InteractionColumns.load(Path(folder))
    assert [saved.user_ids[code] for code in saved.users] == ["a", "a", "a"]


def test_a_snapshot_keeps_what_it_saw(history: History, tmp_path: Path) -> None:
    put(history, "a", "b", "b")
    snapshot = history.snapshot(1.0)
    put(history, "c")
    history.streamed.show(1.0)
    (folder,) = snapshot.save(tmp_path)
    saved = InteractionColumns.load(Path(folder))
    assert sorted(saved.user_ids[code] for code in saved.users) == ["a", "b", "b"]
