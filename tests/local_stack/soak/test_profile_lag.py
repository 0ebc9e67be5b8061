"""The time from an event to its list on the profile, and when it is normal again after a fault."""

import pytest
import requests

from local_stack.soak.list_log import ListLog
from local_stack.soak.plan import FaultKind, PlannedFault
from local_stack.soak.profile_lag import (
    CALM,
    LEARNS,
    GivenList,
    ProfileLags,
    SentEvent,
    Write,
    normal_after,
    normal_limit,
    profile_lags,
)

SLOW = FaultKind("slow", {})


def event(made_at: float, accepted_after: float = 1.0, user: str = "u") -> SentEvent:
    return SentEvent(user, made_at, made_at + accepted_after)


def given(at: float, *items: str, user: str = "u") -> GivenList:
    return GivenList(user, f"list-{at}", items or (f"item-{at}",), at)


def write(of: float, at: float, user: str = "u") -> Write:
    return Write(user, f"list-{of}", at)


def lags(*parts: SentEvent | GivenList | Write) -> list[float]:
    return [lag for _, lag in found(*parts).lags]


def found(*parts: SentEvent | GivenList | Write) -> ProfileLags:
    events, lists, writes = (
        [part for part in parts if isinstance(part, kind)] for kind in (SentEvent, GivenList, Write)
    )
    return profile_lags(events, lists, writes)  # type: ignore[arg-type]


def test_the_lag_ends_when_the_list_that_knows_the_event_is_on_the_profile() -> None:
    assert lags(event(100), given(105), write(105, 106)) == [6]


def test_a_list_that_was_given_before_the_campaign_knew_the_event_does_not_count_even_if_it_is_written_later() -> None:
    early = 100 + 1 + LEARNS - 0.1
    assert lags(event(100), given(early), write(early, 110), given(120), write(120, 121)) == [21]


def test_an_event_that_was_accepted_late_waits_for_a_later_list() -> None:
    assert lags(event(100, accepted_after=30), given(105), write(105, 106), given(140), write(140, 141)) == [41]


def test_a_newer_list_counts_where_the_first_one_never_came() -> None:
    assert lags(event(100), given(105), given(150), write(150, 152)) == [52]


def test_an_older_list_that_arrives_after_it_does_not() -> None:
    assert lags(event(100), given(90), given(105), write(90, 107), write(105, 108)) == [8]


def test_an_event_whose_list_was_on_the_profile_already_is_counted_apart() -> None:
    parts = [given(50, "a"), write(50, 51), event(100), given(105, "a"), given(300, "b"), write(300, 301)]
    assert found(*parts) == ProfileLags([], unchanged=1, missing=0)
    assert found(event(100), GivenList("u", "none", (), 105)).unchanged == 1, "an empty list is never written"


@pytest.mark.parametrize(
    "parts",
    [
        (event(100),),
        (event(100), given(101)),
        (event(100), given(105)),
        (event(100), given(105, user="v"), write(105, 106, user="v")),
        (event(100), given(105), Write("u", None, 106)),
    ],
    ids=["no list", "no list that knows it", "not written", "another user's", "of another program"],
)
def test_an_event_whose_list_never_came_is_missing(parts: tuple[SentEvent | GivenList | Write, ...]) -> None:
    assert found(*parts) == ProfileLags([], unchanged=0, missing=1)


def test_every_event_of_every_user_is_in_the_sample() -> None:
    users = [str(number) for number in range(50)]
    parts = [
        part
        for place, user in enumerate(users)
        for part in (event(100, user=user), given(105, user=user), write(105, 106 + place, user=user))
    ]
    assert found(*parts).percentiles() == {"p50": 30, "p99": 55, "max": 55}
    assert found().percentiles() == {"p50": None, "p99": None, "max": None}


BEGAN = 1_000.0
FAULT, NEXT = PlannedFault(60, 20, SLOW), PlannedFault(160, 20, SLOW)


def steady(*slow: tuple[float, float, float]) -> ProfileLags:
    """Return an event a second with a lag of 6 s; ``slow``: from, to, and the lag of the events made between."""
    made = [(at, next((lag for since, until, lag in slow if since <= at < until), 6.0)) for at in range(200)]
    return ProfileLags([(BEGAN + at, lag) for at, lag in made], 0, 0)


def test_it_is_normal_again_from_the_first_two_normal_windows_in_a_row() -> None:
    # Windows of 10 s; the fault ends at 80. One at 100 is slow again, 110 and 120 are normal.
    assert normal_after(steady((60, 90, 30), (100, 105, 20)), BEGAN, [FAULT]) == [110 - 80]
    assert normal_after(steady((60, 80, 30)), BEGAN, [FAULT]) == [0]


def test_a_lag_that_is_slow_until_the_next_fault_was_not_normal_before_it() -> None:
    assert normal_after(steady((60, 160, 30)), BEGAN, [FAULT, NEXT]) == [None, 0]


def test_normal_is_measured_on_events_that_the_first_fault_did_not_delay() -> None:
    delayed = steady((60 - CALM, 80, 30))
    assert normal_limit(delayed, BEGAN, [FAULT]) == 9
    assert normal_limit(steady(), BEGAN, [PlannedFault(CALM, 10, SLOW)]) is None
    assert normal_after(steady(), BEGAN, [PlannedFault(CALM, 10, SLOW)]) == [None]
    assert normal_after(steady(), BEGAN, []) == []


def test_normal_is_what_users_wait_once_they_have_been_here_for_a_while() -> None:
    made = [(BEGAN + at, 2.0 if at < 60 else 8.0) for at in range(400)]
    planned = [PlannedFault(at, 5, SLOW) for at in (60, 160, 260)]
    assert normal_limit(ProfileLags(made, 0, 0), BEGAN, planned) == 12
    assert normal_limit(ProfileLags(made, 0, 0), BEGAN, []) == 12


class Pages:
    """Both services' pages, which forget all but the newest entries."""

    def __init__(self, kept: int = 20_000) -> None:
        self.kept = kept
        self.entries: list[dict[str, object]] = []

    def add(self, number: int) -> None:
        for _ in range(number):
            place = len(self.entries) + 1
            own = {"userId": "u", "recommendationId": f"r{place}", "items": ["hat"], "given_at": 1.0}
            self.entries.append(
                own | {"number": place, "mpid": "u", "product_recs_id": f"r{place}", "written_ms": 2000}
            )

    def read(self, name: str, after: int, limit: int) -> list[dict[str, object]]:
        return [entry for entry in self.entries[-self.kept :] if int(str(entry["number"])) > after][:limit]


def test_all_entries_are_read_once_page_by_page() -> None:
    pages = Pages()
    log = ListLog(pages.read)
    for number in (3, 0, 12_000):
        pages.add(number)
        log.read()
    assert [one.id for one in log.lists] == [f"r{place}" for place in range(1, 12_004)]
    assert log.lists[0] == GivenList("u", "r1", ("hat",), 1.0)
    assert (len(log.writes), log.writes[-1]) == (12_003, Write("u", "r12003", 2.0))


def test_after_a_page_that_did_not_come_nothing_is_left_out_and_nothing_read_twice() -> None:
    pages, refused = Pages(), [1]

    def read(name: str, after: int, limit: int) -> list[dict[str, object]]:
        if after and refused:
            refused.pop()
            raise requests.ConnectionError
        return pages.read(name, after, limit)

    log = ListLog(read)
    pages.add(12_000)
    with pytest.raises(requests.ConnectionError):
        log.read()
    log.read()
    assert [one.id for one in log.lists] == [f"r{place}" for place in range(1, 12_001)]
    assert len(log.writes) == 12_000


def test_entries_that_were_forgotten_before_they_were_read_are_an_error() -> None:
    pages = Pages(kept=10)
    log = ListLog(pages.read)
    pages.add(11)
    with pytest.raises(LookupError, match="forgotten 1 entries"):
        log.read()
