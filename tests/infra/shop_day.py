"""A made-up day of a shop: the points that its metrics have on a normal day, and on one on which something fails.

Owners of metrics are ``stream``, ``mapping``, ``ingest``, ``refresh``, ``daily check`` and the queues ``refreshes``,
``purchases`` and ``dead letters``. As in the broker, a count of zero is no point; what AWS counts for a function that
runs may be zero.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from tests.infra.alarm_evaluator import MINUTE, Points

HOUR = 3600
DAY = 24 * HOUR
FAILS_AT = 12 * HOUR  # of the day
Minute = dict[tuple[str, str], list[float]]  # the values of each metric, by owner and name
Change = Callable[[Minute], None]

NIGHT = range(2 * 60, 5 * 60)  # minutes of the day, in which a record comes every quarter of an hour
NIGHTLY = 15
RUSH = range(19 * 60, 21 * 60)
# Short troubles of every day: a shard that Kinesis splits, a throttled minute, one user whose upload failed, two whose
# list somebody removed.
BLIPS: dict[int, Minute] = {
    6 * 60: {("daily check", "ModelAgeDays"): [8], ("daily check", "AcceptedShareDrop"): [12]},
    8 * 60: {("stream", "WriteProvisionedThroughputExceeded"): [40]},
    9 * 60: {("ingest", "PutEventsThrottled"): [300], ("ingest", "ArrivalToPersonalize"): [30_000] * 20},
    10 * 60: {("refresh", "RefreshesFailed"): [1], ("refresh", "StateFailed"): [1]},
    10 * 60 + 15: {("refresh", "ProfilesBehind"): [2]},
    11 * 60: {("ingest", "Throttles"): [3], ("refresh", "GetRecommendationsThrottled"): [200]},
}


@functools.lru_cache(maxsize=2)  # the normal day, and the one whose alarms are asked for
def day(change: Change | None = None) -> Mapping[tuple[str, str], Points]:
    """Return the points of a day; ``change`` is applied to each minute from FAILS_AT on."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for minute in range(DAY // MINUTE):
        values = _minute(minute)
        if change and minute * MINUTE >= FAILS_AT:
            change(values)
        for metric, of_metric in values.items():
            points.setdefault(metric, []).extend((minute * MINUTE + 30, value) for value in of_metric)
    return points


def points_of(day: Mapping[tuple[str, str], Points]) -> Callable[[Mapping[str, Any]], Points]:
    """Return a function from a metric of the template to its points."""
    return lambda metric: day.get((owner(metric), metric["MetricName"]), [])


def owner(metric: Mapping[str, Any]) -> str:
    """Return whose a metric of the template is, by the logical ids in its dimensions."""
    named = str(metric["Dimensions"])
    for part, name in (
        ("DeadLetters", "dead letters"),
        ("Purchases", "purchases"),
        ("RefreshQueue", "refreshes"),
        ("RefreshFunction", "refresh"),
        ("StreamMapping", "mapping"),
        ("DailyCheck", "daily check"),
        ("IngestFunction", "ingest"),
        ("EventsStream", "stream"),
    ):
        if part in named:
            return name
    raise ValueError(f"whose metric is this? {named}")


def _minute(minute: int) -> Minute:
    if minute in NIGHT and minute % NIGHTLY:
        return _waiting(0)
    records = 1 if minute in NIGHT else 3_000 if minute in RUSH else 300
    users = max(1, records // 10)
    values = _waiting(6) | {
        ("stream", "IncomingRecords"): [records],
        ("ingest", "Errors"): [0],
        ("ingest", "Throttles"): [0],
        ("ingest", "IteratorAge"): [1_500],
        ("ingest", "Records"): [records],
        ("ingest", "Accepted"): [max(1, records // 4)],
        ("ingest", "Skipped"): [3 * records],
        ("ingest", "PutEventsCalls"): [max(1, records // 4)],
        ("ingest", "ArrivalToPersonalize"): [900, 1_200, 2_500],
        ("refresh", "Errors"): [0],
        ("refresh", "Throttles"): [0],
        ("refresh", "Messages"): [users + 3],
        ("refresh", "AlreadyFresh"): [3],
        ("refresh", "GetRecommendationsCalls"): [users],
        ("refresh", "MParticleBatches"): [users],
        ("refresh", "ProfilesUpdated"): [users],
        ("refresh", "ProfilesCompared"): [max(1, users // 3)],
        ("refresh", "RequestToProfile"): [7_000, 9_000, 12_000],
    }
    for metric, blip in BLIPS.get(minute, {}).items():
        values[metric] = values.get(metric, []) + blip
    return values


def _waiting(age: float) -> Minute:
    names = {"refreshes": age, "purchases": age}
    ages: Minute = {(queue, "ApproximateAgeOfOldestMessage"): [oldest] for queue, oldest in names.items()}
    return ages | {("dead letters", "ApproximateNumberOfMessagesVisible"): [0]}
