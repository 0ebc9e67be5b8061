"""The budget of refreshes per user: intervals grow within a visit, a purchase is refreshed at once, a day has a cap."""

import pytest
from broker.profile_state import ProfileState
from broker.refresh_budget import DAY, INTERVALS, VISIT, covers, due, refreshed

from tests.broker.stubs import NOW


def browse(seconds: float, every: float, per_day: int | None = None) -> list[float]:
    """Return when a user is refreshed who acts all the time; a message that is early comes back when it is due."""
    state, now, times = ProfileState(), NOW, list[float]()
    while now < NOW + seconds:
        at = due(state, now, is_purchase=False, per_day=per_day)
        if at is None:
            break
        if at > now:
            now = at
            continue
        times.append(now - NOW)
        state = refreshed(state, now, "digest")
        now += every
    return times


def test_a_visit_is_refreshed_at_once_then_after_five_ten_and_thirty_seconds() -> None:
    assert browse(110, every=1) == [0, 5, 15, 45, 75, 105]


def test_half_an_hour_of_browsing_is_sixty_refreshes_and_not_a_hundred_and_eighty() -> None:
    assert len(browse(1800, every=2)) == 62


def test_a_slow_visit_is_refreshed_with_every_event() -> None:
    assert browse(300, every=60) == [0, 60, 120, 180, 240]


def test_a_new_visit_begins_after_half_an_hour() -> None:
    state = refreshed(ProfileState(visit_refreshes=3, asked_at=NOW), NOW + 1, "d")
    assert (state.visit_refreshes, due(state, NOW + 2, is_purchase=False, per_day=None)) == (4, NOW + 31)
    later = NOW + 1 + VISIT + 1
    assert due(state, later, is_purchase=False, per_day=None) == later
    assert refreshed(state, later, "d").visit_refreshes == 1


def test_a_purchase_is_due_at_once_and_counts() -> None:
    state = refreshed(ProfileState(), NOW, "d")
    assert due(state, NOW + 1, is_purchase=True, per_day=1) == NOW + 1
    assert refreshed(state, NOW + 1, "d").day_refreshes == 2


def test_a_cap_ends_with_the_day() -> None:
    assert len(browse(3600, every=1, per_day=10)) == 10
    state = ProfileState(day=int(NOW // DAY), day_refreshes=10, asked_at=NOW, visit_refreshes=10)
    tomorrow = (NOW // DAY + 1) * DAY
    assert due(state, tomorrow - 1, is_purchase=False, per_day=10) is None
    assert due(state, tomorrow, is_purchase=False, per_day=10) == tomorrow
    assert refreshed(state, tomorrow, "d").day_refreshes == 1


@pytest.mark.parametrize(("asked_at", "answer"), [(NOW + 1.9, False), (NOW + 2, True), (0.0, False)])
def test_a_list_covers_what_personalize_had_taken_into_account(asked_at: float, answer: bool) -> None:
    assert covers(asked_at, NOW) is answer


def test_settling_ends_the_claim() -> None:
    assert refreshed(ProfileState(5, NOW + 100), NOW, "d") == ProfileState(5, 0.0, NOW, "d", 1, int(NOW // DAY), 1)
    assert INTERVALS[0] == 0
