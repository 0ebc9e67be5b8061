"""Each alarm, as it stands in the template: on after its fault, off on a normal day, and in a stack without data."""

import re
from collections.abc import Collection
from typing import Any

import pytest

from infra.paths import ROOT
from tests.infra.alarm_evaluator import MINUTE, Alarm
from tests.infra.conftest import Synthesise
from tests.infra.shop_day import DAY, FAILS_AT, HOUR, Change, Minute, day, points_of
from tests.infra.synthesis import Synthesised

PREFIX = "personalize-broker-"
INGEST_STOPS, REFRESH_STOPS = ("ingest", "mapping"), ("refresh",)


def alarms(synthesised: Synthesised) -> dict[str, Alarm]:
    """Return all alarms that tell somebody by what follows the stack's name in theirs."""
    found = [resource["Properties"] for resource in synthesised.of_type("CloudWatch::Alarm").values()]
    named = {one["AlarmName"].removeprefix(PREFIX): Alarm(one) for one in found}
    return {name: alarm for name, alarm in named.items() if not name.startswith("rollback-")}


def adds(owner: str, name: str, *values: float) -> Change:
    """Return a fault that a metric shows, beside what is there."""

    def change(minute: Minute) -> None:
        minute[owner, name] = minute.get((owner, name), []) + list(values)

    return change


def nothing_of(owners: Collection[str], names: Collection[str] = ()) -> Change:
    """Return a fault after which owners have no points any more, or none of these names."""

    def change(minute: Minute) -> None:
        for owner, name in list(minute):
            if owner in owners and (not names or name in names):
                del minute[owner, name]

    return change


def both(*changes: Change) -> Change:
    """Return several faults at once."""

    def change(minute: Minute) -> None:
        for one in changes:
            one(minute)

    return change


# The filter excludes everything, or the campaign has nothing to say.
NO_LISTS = both(
    nothing_of(["refresh"], ["ProfilesUpdated", "ProfilesUnchanged", "RequestToProfile"]),
    adds("refresh", "NoRecommendations", 30),
)


def all_behind(minute: Minute) -> None:
    """MParticle drops every list: the next batches show it."""
    minute["refresh", "ProfilesBehind"] = list(minute.get(("refresh", "ProfilesCompared"), []))


# What happens, and the minutes after which the alarm is on.
FAULTS: dict[str, tuple[Change, int]] = {
    "records-not-read": (nothing_of(INGEST_STOPS), 15),
    "stream-writes-refused": (adds("stream", "WriteProvisionedThroughputExceeded", 1), 11),
    "put-events-quota": (adds("ingest", "PutEventsCalls", 0.81 * 1000 * 60), 10),
    "get-recommendations-quota": (adds("refresh", "GetRecommendationsCalls", 0.81 * 500 * 60), 10),
    "mparticle-quota": (adds("refresh", "MParticleBatches", 0.81 * 270 * 60), 10),
    "few-accepted": (both(nothing_of(["ingest"], ["Accepted"]), adds("ingest", "Skipped", 300)), 171),
    "training-late": (adds("ingest", "ArrivalToPersonalize", 62_000), 11),
    "profiles-late": (adds("refresh", "RequestToProfile", 1_201_000), 11),
    "iterator-age": (adds("ingest", "IteratorAge", 700_000), 6),
    "on-failure": (adds("mapping", "OnFailureDestinationDeliveredEventCount", 1), 1),
    "on-failure-lost": (adds("ingest", "DestinationDeliveryFailures", 1), 1),
    "ingest-errors": (adds("ingest", "Errors", 1), 1),
    "ingest-throttles": (adds("ingest", "Throttles", 1), 11),
    "ingest-configuration": (adds("ingest", "ConfigurationErrors", 1), 1),
    "ingest-quarantine": (adds("ingest", "Quarantined", 1), 1),
    "no-profiles-written": (NO_LISTS, 60),
    "profiles-behind": (all_behind, 46),
    "refresh-errors": (adds("refresh", "Errors", 1), 1),
    "refresh-throttles": (adds("refresh", "Throttles", 1), 11),
    "refresh-configuration": (adds("refresh", "ConfigurationErrors", 1), 1),
    "refresh-quarantine": (adds("refresh", "Quarantined", 1), 1),
    "refresh-retrying": (adds("refresh", "RefreshesFailed", 1), 26),
    "refresh-state": (adds("refresh", "StateFailed", 1), 11),
    "refreshes-not-queued": (adds("ingest", "RefreshesNotQueued", 1), 1),
    "refreshes-late": (adds("refreshes", "ApproximateAgeOfOldestMessage", 1_801), 6),
    "purchases-late": (adds("purchases", "ApproximateAgeOfOldestMessage", 301), 6),
    "dead-letters": (adds("dead letters", "ApproximateNumberOfMessagesVisible", 1), 1),
    "no-events-accepted": (nothing_of(["ingest"], ["Accepted"]), 60),
    "training-failed": (adds("daily check", "TrainingFailed", 1), 1),
    "model-old": (adds("daily check", "ModelAgeDays", 11), 1),
    "old-model-served": (adds("daily check", "OldModelServed", 1), 1),
    "personalize-not-active": (adds("daily check", "NotActive", 1), 1),
    "accepted-share-fell": (adds("daily check", "AcceptedShareDrop", 51), 1),
    "daily-check-errors": (adds("daily check", "Errors", 1), 1),
}
CONNECTED = "mparticle-connected"  # no failure


def test_every_alarm_has_a_fault(made: Synthesise) -> None:
    assert set(FAULTS) | {CONNECTED} == set(alarms(made("recommend")))


@pytest.mark.parametrize("name", FAULTS)
def test_an_alarm_is_on_after_its_fault_and_was_off_before(made: Synthesise, name: str) -> None:
    change, minutes = FAULTS[name]
    on = alarms(made("recommend"))[name].on(points_of(day(change)), 0, DAY)

    assert on == [float(at) for at in range(FAILS_AT + minutes * MINUTE, DAY + 1, MINUTE)]


@pytest.mark.parametrize("name", FAULTS)
def test_an_alarm_is_off_on_a_normal_day(made: Synthesise, name: str) -> None:
    assert alarms(made("recommend"))[name].on(points_of(day()), HOUR, DAY) == []


def test_profiles_that_are_right_already_are_as_good_as_written(made: Synthesise) -> None:
    nothing_new = both(nothing_of(["refresh"], ["ProfilesUpdated"]), adds("refresh", "ProfilesUnchanged", 1))

    assert alarms(made("recommend"))["no-profiles-written"].on(points_of(day(nothing_new)), 0, DAY) == []


@pytest.mark.parametrize(("behind", "is_on"), [(2, False), (3, True)])
def test_two_profiles_of_a_night_are_no_page(made: Synthesise, behind: float, is_on: bool) -> None:
    """They may be all that can be compared in half an hour, and somebody may have changed them."""
    of_each_half_hour = [(60.0, behind), (1_860.0, behind)]
    night = {("refresh", name): of_each_half_hour for name in ("ProfilesCompared", "ProfilesBehind")}

    assert bool(alarms(made("recommend"))["profiles-behind"].on(points_of(night), 0, HOUR)) is is_on


@pytest.mark.parametrize(
    ("name", "owner", "calls", "throttled"),
    [
        ("put-events-quota", "ingest", "PutEventsCalls", "PutEventsThrottled"),
        ("get-recommendations-quota", "refresh", "GetRecommendationsCalls", "GetRecommendationsThrottled"),
        ("mparticle-quota", "refresh", "MParticleBatches", "MParticleBatchesThrottled"),
    ],
)
def test_a_quota_that_is_lower_than_its_setting_is_in_use_where_calls_are_refused(
    made: Synthesise, name: str, owner: str, calls: str, throttled: str
) -> None:
    alarm = alarms(made("recommend"))[name]
    some, many = (both(adds(owner, calls, 1_000), adds(owner, throttled, refused)) for refused in (100, 700))

    assert alarm.on(points_of(day(some)), 0, DAY) == []
    assert alarm.on(points_of(day(many)), 0, DAY)


def test_a_quota_that_was_raised_is_used_up_later(made: Synthesise) -> None:
    raised = alarms(made("collect", {"broker:put_events_per_second": 2000}))["put-events-quota"]
    change, _ = FAULTS["put-events-quota"]

    assert raised.on(points_of(day(change)), 0, DAY) == []


@pytest.mark.parametrize(("floor", "is_on"), [(0, False), (7, False), (8, True), (100, True)])
def test_the_floor_is_a_setting_and_off_at_zero(made: Synthesise, floor: int, is_on: bool) -> None:
    """On the normal day 75 of 975 are accepted, 7.7 %."""
    alarm = alarms(made("collect", {"broker:accepted_floor": floor}))["few-accepted"]

    assert bool(alarm.on(points_of(day()), 6 * HOUR, DAY)) is is_on


def test_nothing_but_quarantine_is_below_the_floor_too(made: Synthesise) -> None:
    change = both(nothing_of(["ingest"], ["Accepted", "Skipped"]), adds("ingest", "Quarantined", 1))

    assert alarms(made("recommend"))["few-accepted"].on(points_of(day(change)), 0, DAY)


@pytest.mark.parametrize(
    ("name", "queue", "limit_ms"),
    [("refreshes-late", "refreshes", 1_800_000), ("purchases-late", "purchases", 300_000)],
)
def test_a_message_that_is_received_again_and_again_is_as_old_as_one_that_waits(
    made: Synthesise, name: str, queue: str, limit_ms: float
) -> None:
    """SQS's own age leaves such messages out."""
    alarm = alarms(made("recommend"))[name]
    in_time, late = (adds(queue, "OldestRequest", age) for age in (limit_ms, limit_ms + 1_000))

    assert alarm.on(points_of(day(in_time)), 0, DAY) == []
    assert min(alarm.on(points_of(day(late)), 0, DAY)) == FAILS_AT + 6 * MINUTE


def test_a_longer_window_is_no_delay(made: Synthesise) -> None:
    alarm = alarms(made("collect", {"broker:stream_window": 300}))["training-late"]
    in_time, late = (adds("ingest", "ArrivalToPersonalize", lag) for lag in (360_000, 361_000))

    assert alarm.on(points_of(day(in_time)), 0, DAY) == []
    assert alarm.on(points_of(day(late)), 0, DAY)


def test_the_table_of_likely_failures_has_the_times_of_the_faults() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    (table,) = re.findall(r"^\| failure \| alarm \| minutes \|.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    rows = re.findall(r"^\| [^|]+ \| `([\w-]+)` \| (\d+) \|", table, re.MULTILINE)

    assert len(rows) == 13
    assert {name: int(minutes) for name, minutes in rows} == {name: FAULTS[name][1] for name, _ in rows}


@pytest.mark.parametrize("stage", ["collect", "train", "recommend"])
def test_no_alarm_but_one_is_on_in_a_stack_that_has_never_received_a_record(made: Synthesise, stage: str) -> None:
    nothing: dict[Any, Any] = {}
    on = {name for name, alarm in alarms(made(stage)).items() if alarm.on(points_of(nothing), 0, DAY)}

    assert on == {"no-events-accepted"}
