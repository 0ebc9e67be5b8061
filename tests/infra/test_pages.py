"""Pages, as they stand in the template: one per cause, on with the first alarm, and none before mParticle is there."""

from collections.abc import Mapping

import pytest

from tests.infra.alarm_evaluator import MINUTE, ON, Alarm, Points, composite_states
from tests.infra.conftest import Synthesise
from tests.infra.shop_day import DAY, FAILS_AT, HOUR, Change, Minute, day, points_of
from tests.infra.synthesis import Synthesised
from tests.infra.test_alarms_ring import INGEST_STOPS, NO_LISTS, PREFIX, adds, all_behind, both, nothing_of

Day = Mapping[tuple[str, str], Points]
NOTHING_REACHES, LOST, STAND_STILL = "nothing-reaches-personalize", "records-lost", "profiles-stand-still"


def pages(synthesised: Synthesised, points: Day, end: float) -> dict[str, list[float]]:
    """Return the minutes at which each page is on."""
    states_of = {
        id: Alarm(one["Properties"]).states(points_of(points), 0, end)
        for id, one in synthesised.of_type("CloudWatch::Alarm").items()
        if "AlarmActions" not in one["Properties"]
    }
    composites = [one["Properties"] for one in synthesised.of_type("CloudWatch::CompositeAlarm").values()]
    return {
        one["AlarmName"].removeprefix(PREFIX): [
            at for at, state in composite_states(one["AlarmRule"], states_of).items() if state == ON
        ]
        for one in composites
    }


WRONG_TRACKER = both(
    nothing_of(["ingest"], ["Accepted", "ArrivalToPersonalize"]),
    adds("ingest", "ConfigurationErrors", 1),
    adds("ingest", "Errors", 1),
    adds("ingest", "IteratorAge", 3_600_000),
)
KEY_REVOKED = both(
    nothing_of(["refresh"], ["ProfilesUpdated", "ProfilesUnchanged", "RequestToProfile"]),
    adds("refresh", "ConfigurationErrors", 1),
    adds("refresh", "Errors", 1),
)


@pytest.mark.parametrize(
    ("change", "page", "minutes"),
    [
        (WRONG_TRACKER, NOTHING_REACHES, 1),
        (nothing_of(INGEST_STOPS), NOTHING_REACHES, 15),
        (nothing_of(["stream", *INGEST_STOPS]), NOTHING_REACHES, 60),
        (KEY_REVOKED, STAND_STILL, 1),
        (NO_LISTS, STAND_STILL, 60),
        (all_behind, STAND_STILL, 46),
        (adds("mapping", "OnFailureDestinationDeliveredEventCount", 1), LOST, 1),
    ],
    ids=["tracker", "not read", "mParticle silent", "key", "empty lists", "dropped lists", "given up"],
)
def test_a_cause_is_one_page_that_goes_on_with_its_first_alarm(
    made: Synthesise, change: Change, page: str, minutes: int
) -> None:
    on = pages(made("recommend"), day(change), DAY)
    on_after_an_hour = {name: [at for at in times if at > HOUR] for name, times in on.items()}

    assert {name: times[0] for name, times in on_after_an_hour.items() if times} == {page: FAILS_AT + minutes * MINUTE}
    assert on[page][-1] == DAY


def test_a_normal_day_has_no_page(made: Synthesise) -> None:
    assert {at for times in pages(made("recommend"), day(), DAY).values() for at in times if at > HOUR} == set()


def after(days: float, points: Day) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return points that come so many days later."""
    return {metric: [(at + days * DAY, value) for at, value in of_metric] for metric, of_metric in points.items()}


def silent(minute: Minute) -> None:
    """Nothing comes any more."""
    minute.clear()


def test_a_new_stack_waits_in_silence_and_pages_when_mparticle_falls_silent(made: Synthesise) -> None:
    """Three days without a record; then half a day of the shop; then nothing for a day and a half."""
    begins, connected = made("collect"), 3 * DAY + 5 * HOUR  # at night, there is a record in a quarter of an hour
    of_the_shop = {metric: [point for point in of if point[0] >= 5 * HOUR] for metric, of in day(silent).items()}

    on = pages(begins, after(3, of_the_shop), 5 * DAY)

    assert on == {NOTHING_REACHES: list(_minutes(3 * DAY + FAILS_AT + HOUR, 5 * DAY)), LOST: []}
    assert connected < on[NOTHING_REACHES][0]


def _minutes(first: float, last: float) -> list[float]:
    return [float(at) for at in range(int(first), int(last) + 1, MINUTE)]
