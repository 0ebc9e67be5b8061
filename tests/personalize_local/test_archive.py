"""Interactions that a snapshot has archived are all there, each whole, and as they came."""

from pathlib import Path

import pytest

from personalize_local.data.archive import Archive
from personalize_local.data.history import History, Imported
from personalize_local.data.streamed import RECENT, Event, Streamed
from personalize_local.toggles import Toggles
from recommender_models.interactions import Interaction
from tests.personalize_local.behaviours.test_totals import imported

EACH = 20


def rows(*users: str, start: int = 0) -> dict[str, list[Interaction]]:
    """Return interactions of each user, no two of which have a value in common but their event type's."""
    return {
        user: [
            Interaction(user, f"i{each}", f"t{each % 3}", each + 0.5, each / 4 if each % 2 else None, f"c{each}")
            for each in range(start + EACH * place, start + EACH * (place + 1))
        ]
        for place, user in enumerate(users)
    }


def test_later_interactions_stand_behind_those_of_their_user() -> None:
    first, later = rows("a", "b", "c"), rows("c", "d", "a", start=100)
    archive = Archive.of(first).with_rows(later)
    for user in "abcd":
        assert archive.newest(user, 10 * EACH) == [*first.get(user, ()), *later.get(user, ())]
    assert archive.counts == {"a": 2 * EACH, "b": EACH, "c": 2 * EACH, "d": EACH}
    left = archive.without({"b", "nobody"})
    assert left.newest("b", EACH) == []
    assert left.newest("d", 3) == later["d"][-3:]


def views(streamed: Streamed, seconds: range) -> None:
    """Let a user view an item in each second."""
    for second in seconds:
        streamed.accept(Event("u", "s", None, "i", "view", float(second), None, ""), 0.0)
    streamed.show(0.0)


def restarted(streamed: Streamed, folder: Path) -> Streamed:
    """Return what a snapshot and a restart leave."""
    streamed.save(folder / "snapshot")
    again = Streamed(Toggles())
    again.load(folder / "snapshot")
    return again


@pytest.mark.parametrize("archived", [0, 300, 600])
def test_a_recommendation_uses_the_newest_interactions(tmp_path: Path, archived: int) -> None:
    streamed = Streamed(Toggles())
    views(streamed, range(archived))
    streamed = restarted(streamed, tmp_path)
    views(streamed, range(archived, 600))
    assert [each.time for each in streamed.for_user("u", 0.0)] == [*range(600 - RECENT, 600)]


def test_what_was_counted_before_a_restart_is_not_counted_again(tmp_path: Path) -> None:
    streamed = Streamed(Toggles())
    alike, known = (Event("u", "s", event_id, "i", "view", 1.0, None, "") for event_id in (None, "e"))
    streamed.accept(alike, 1.0)
    streamed.accept(known._replace(time=2.0), 1.0)
    streamed = restarted(streamed, tmp_path)
    streamed.accept(alike, 1.0)
    streamed.accept(known._replace(time=3.0), 1.0)
    assert (streamed.counts.same_second, streamed.counts.repeated_event_id) == (1, 1)


@pytest.mark.parametrize("kept", ["imported", "streamed", "archived"])
def test_a_span_has_its_start_and_not_its_end(tmp_path: Path, kept: str) -> None:
    history = History(Toggles())
    if kept == "imported":
        history.add_import(Imported(imported(tmp_path / "import", *"abcd")), replace=False)  # at 0, 1, 2 and 3
    else:
        views(history.streamed, range(4))
    if kept == "archived":
        history.streamed = restarted(history.streamed, tmp_path)
    assert sorted(each.time for each in history.between(1, 3, 4.0)) == [1, 2]
