"""The alarms of users and items on their way to their datasets. None is urgent: interactions are not concerned."""

from broker.metric_names import Metric

from infra.alarm_maker import AlarmMaker
from infra.metrics import Metrics
from infra.notifications import Urgency

MAX_AGE_S = 60 * 60


def add_metadata_alarms(maker: AlarmMaker, metrics: Metrics) -> None:
    """Add what tells that users and items do not reach their datasets."""
    ticket, flow = Urgency.TICKET, "put-metadata"
    maker.add(f"{flow}-errors", ticket, "Invocations of put_metadata fail.", metrics.function(flow, "Errors"))
    maker.add(
        f"{flow}-throttles",
        ticket,
        "Lambda has no room to run put_metadata: the account's concurrency is used up.",
        metrics.function(flow, "Throttles"),
        evaluations=3,
    )
    maker.add(
        f"{flow}-configuration",
        ticket,
        "put_metadata is refused, or a setting of it is wrong: no user and no item is put until somebody changes it.",
        metrics.broker(flow, Metric.CONFIGURATION_ERRORS),
    )
    maker.add(
        "metadata-failed",
        ticket,
        "For a quarter of an hour the table or the queue of users and items failed: what is new of them waits.",
        metrics.broker("ingest", Metric.METADATA_FAILED),
        evaluations=3,
    )
    maker.add(
        "metadata-refused",
        ticket,
        "Personalize refused records of users or items, which stay as they were.",
        metrics.broker(flow, Metric.METADATA_REFUSED),
    )
    maker.add(
        "metadata-late",
        ticket,
        "For ten minutes, users or items wait for over an hour for their dataset.",
        metrics.metadata_queue("ApproximateAgeOfOldestMessage"),
        threshold=MAX_AGE_S,
        evaluations=2,
    )
    maker.add(
        "metadata-dead-letters",
        ticket,
        "Users or items could not be put for 12 hours.",
        metrics.metadata_queue("ApproximateNumberOfMessagesVisible", dead_letters=True),
    )
