"""The alarms of the second ``ingest``, which fills a second dataset group beside the one that serves."""

from infra.alarm_maker import AlarmMaker
from infra.metrics import Metrics
from infra.notifications import Urgency

MAX_ITERATOR_AGE_MS = 60 * 60 * 1000  # it begins three days back; and nobody is served by it


def add_second_alarms(maker: AlarmMaker, metrics: Metrics) -> None:
    """Add what tells that the second dataset group gets less than the stream has. None of it is urgent."""
    ticket = Urgency.TICKET
    maker.add(
        "second-errors",
        ticket,
        "Invocations of the second ingest fail: its dataset group falls behind. The one that serves is not concerned.",
        metrics.function("second", "Errors"),
    )
    maker.add(
        "second-iterator-age",
        ticket,
        "For an hour, events wait for over an hour for the second dataset group. Expected right after the setting.",
        metrics.iterator_age("second"),
        threshold=MAX_ITERATOR_AGE_MS,
        evaluations=12,
    )
    maker.add(
        "second-on-failure",
        ticket,
        "Records were given up for the second dataset group after two days, into the on-failure bucket.",
        metrics.given_up(metrics.second),
    )
