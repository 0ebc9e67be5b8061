"""One dashboard that shows the loop from left to right."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from broker.metric_names import Metric
from constructs import Construct

from infra.metrics import Metrics

REFRESH_ERRORS = (
    Metric.REFRESHES_FAILED,
    Metric.STATE_FAILED,
    Metric.PROFILES_BEHIND,
    Metric.GET_RECOMMENDATIONS_THROTTLED,
    Metric.MPARTICLE_BATCHES_THROTTLED,
)


class Dashboard(Construct):
    """A column a station: stream, ingest, queues, refresh; on top what goes through, below what goes wrong."""

    def __init__(
        self, scope: Construct, id: str, *, name: str, metrics: Metrics, alarms: Sequence[cloudwatch.IAlarm]
    ) -> None:
        super().__init__(scope, id)
        columns = [self._stream(metrics), self._ingest(metrics)]
        if metrics.recommends:
            columns += [self._queue(metrics), self._refresh(metrics)]
        width = 24 // len(columns)
        status = cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=3)
        rows = [[_graph(title, shown, width) for title, shown in row] for row in zip(*columns, strict=True)]
        cloudwatch.Dashboard(self, "Dashboard", dashboard_name=name, widgets=[[status], *rows])

    def _stream(self, metrics: Metrics) -> "Column":
        return [
            ("Stream: records in", [metrics.stream("IncomingRecords"), metrics.stream("IncomingBytes")]),
            ("Stream: age of the oldest record (ms)", [metrics.iterator_age()]),
            (
                "Stream: put refused, records given up",
                [metrics.stream("WriteProvisionedThroughputExceeded"), metrics.given_up()],
            ),
        ]

    def _ingest(self, metrics: Metrics) -> "Column":
        names = (
            Metric.RECORDS,
            Metric.ACCEPTED,
            Metric.SKIPPED,
            Metric.PUT_EVENTS_CALLS,
            Metric.REFRESHES_QUEUED,
        )
        return [
            ("Ingest: what came and what became of it", [metrics.broker("ingest", name) for name in names]),
            (
                "From arrival, and from the event, to Personalize (ms)",
                [
                    *metrics.lag("ingest", Metric.ARRIVAL_TO_PERSONALIZE),
                    *metrics.lag("ingest", Metric.EVENT_TO_PERSONALIZE),
                ],
            ),
            (
                "Ingest: errors",
                [
                    *metrics.errors("ingest"),
                    *(metrics.broker("ingest", name) for name in (Metric.RETRYABLE, Metric.PUT_EVENTS_THROTTLED)),
                ],
            ),
        ]

    def _queue(self, metrics: Metrics) -> "Column":
        return [
            ("Queues: customers to refresh", metrics.queues("ApproximateNumberOfMessagesVisible")),
            ("Queues: age of the oldest (s)", metrics.queues("ApproximateAgeOfOldestMessage")),
            (
                "Queues: age of the oldest request (ms), dead letters",
                [*metrics.oldest_requests(), metrics.dead_letters()],
            ),
        ]

    def _refresh(self, metrics: Metrics) -> "Column":
        names = (
            Metric.MESSAGES,
            Metric.ALREADY_FRESH,
            Metric.POSTPONED,
            Metric.OVER_DAILY_CAP,
            Metric.PROFILES_UPDATED,
            Metric.PROFILES_UNCHANGED,
            Metric.PROFILES_COMPARED,
            Metric.NO_RECOMMENDATIONS,
            Metric.GET_RECOMMENDATIONS_CALLS,
            Metric.MPARTICLE_BATCHES,
        )
        return [
            ("Refresh: what came and what became of it", [metrics.broker("refresh", name) for name in names]),
            (
                "From request, and from the event, to profile (ms)",
                [*metrics.lag("refresh", Metric.REQUEST_TO_PROFILE), *metrics.lag("refresh", Metric.EVENT_TO_PROFILE)],
            ),
            (
                "Refresh: errors",
                [
                    *metrics.errors("refresh"),
                    *(metrics.broker("refresh", name) for name in REFRESH_ERRORS),
                ],
            ),
        ]


Column = list[tuple[str, list[cloudwatch.Metric]]]


def _graph(title: str, shown: Sequence[cloudwatch.IMetric], width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(shown), width=width, height=6)
