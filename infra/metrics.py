"""The metrics of one deployment, by the names under which AWS and the functions (broker.metric_names) write them."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from broker.metric_names import NAMESPACE, Metric

from infra.archive import Archive
from infra.daily_check import DailyCheck
from infra.ingest import Ingest
from infra.metadata import Metadata
from infra.refresh import Refresh
from infra.rewind import Rewind

FIVE_MINUTES = cdk.Duration.minutes(5)


@dataclass(frozen=True)
class Metrics:
    """What the stack measures.

    ``refresh`` is there once it recommends, ``daily_check`` once it trains, the others if switched on; ``second`` is
    the ``ingest`` of the second tracker.
    """

    events: kinesis.IStream
    ingest: Ingest
    refresh: Refresh | None
    daily_check: DailyCheck | None = None
    rewind: Rewind | None = None
    archive: Archive | None = None
    second: Ingest | None = None
    metadata: Metadata | None = None

    @property
    def recommends(self) -> bool:
        """Return whether there are queues and ``refresh``."""
        return self.refresh is not None

    def stream(self, name: str, period: cdk.Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """Return a sum of the stream."""
        return self._metric("AWS/Kinesis", name, {"StreamName": self.events.stream_name}, period=period)

    def iterator_age(self, function: str = "ingest") -> cloudwatch.Metric:
        """Return how long the oldest record waits, in milliseconds."""
        dimensions = {"FunctionName": self._name(function)}
        return self._metric("AWS/Lambda", "IteratorAge", dimensions, statistic="Maximum")

    def of_archive(self, name: str, archive: Archive) -> cloudwatch.Metric:
        """Return a maximum that Firehose counts."""
        return self._metric("AWS/Firehose", name, {"DeliveryStreamName": archive.delivery.ref}, statistic="Maximum")

    def given_up(self, reader: Ingest | None = None) -> cloudwatch.Metric:
        """Return how many records ``ingest`` sent to the on-failure bucket (event source mapping metrics, Lambda)."""
        dimensions = {"EventSourceMappingUUID": (reader or self.ingest).mapping.attr_id}
        return self._metric("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", dimensions)

    def function(self, function: str, name: str) -> cloudwatch.Metric:
        """Return a sum that Lambda counts for a function."""
        return self._metric("AWS/Lambda", name, {"FunctionName": self._name(function)})

    def broker(self, function: str, name: Metric, period: cdk.Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """Return a sum that a function counts itself."""
        return self._metric(NAMESPACE, name, {"service": self._name(function)}, period=period)

    def lag(self, function: str, name: Metric) -> list[cloudwatch.Metric]:
        """Return a lag that a function measures, in milliseconds: its median, and what one in a hundred exceeds."""
        return [self._percentile(function, name, statistic) for statistic in ("p50", "p99")]

    def lag_p99(self, function: str, name: Metric) -> cloudwatch.Metric:
        """Return what one in a hundred of a lag exceeds, in milliseconds."""
        return self._percentile(function, name, "p99")

    def _percentile(self, function: str, name: Metric, statistic: str) -> cloudwatch.Metric:
        return self._metric(NAMESPACE, name, {"service": self._name(function)}, statistic=statistic)

    def daily(self, name: Metric) -> cloudwatch.Metric:
        """Return what the daily check writes, by the hour."""
        return self._daily(NAMESPACE, name, "service", "Maximum")

    def daily_errors(self) -> cloudwatch.Metric:
        """Return how many invocations of the daily check fail, by the hour."""
        return self._daily("AWS/Lambda", "Errors", "FunctionName", "Sum")

    def _daily(self, namespace: str, name: str, dimension: str, statistic: str) -> cloudwatch.Metric:
        dimensions = {dimension: self._name("daily-check")}
        return self._metric(namespace, name, dimensions, statistic=statistic, period=cdk.Duration.hours(1))

    def function_of(self, flow: str) -> lambda_.Function:
        """Return ``ingest``, ``second``, ``refresh``, ``daily-check``, ``rewind`` or ``put-metadata``.

        Raises ValueError without it.
        """
        return self._part(flow).function

    def _part(self, flow: str) -> Ingest | Refresh | Rewind | DailyCheck | Metadata:
        parts = {"ingest": self.ingest, "second": self.second, "refresh": self.refresh, "rewind": self.rewind}
        part = {**parts, "daily-check": self.daily_check, "put-metadata": self.metadata}[flow]
        if part is None:
            raise ValueError(f"there is no {flow} in this stack")
        return part

    def _name(self, function: str) -> str:
        return self.function_of(function).function_name

    def errors(self, function: str) -> list[cloudwatch.Metric]:
        """Return what goes wrong in a function."""
        lambdas = [self.function(function, name) for name in ("Errors", "Throttles")]
        return lambdas + [self.broker(function, name) for name in (Metric.QUARANTINED, Metric.CONFIGURATION_ERRORS)]

    def oldest_requests(self) -> tuple[cloudwatch.Metric, cloudwatch.Metric]:
        """Return the age of the oldest refresh that was received, in ms: of the refresh queue, and of purchases."""
        queues, service = self._refresh.queues, self._name("refresh")
        refreshes, purchases = (
            self._metric(
                NAMESPACE,
                Metric.OLDEST_REQUEST,
                {"service": service, "queue": queue.queue_name},
                statistic="Maximum",
            )
            for queue in (queues.queue, queues.purchases)
        )
        return refreshes, purchases

    def queue(self, name: str) -> cloudwatch.Metric:
        """Return a maximum of the refresh queue."""
        return self._queue(name, self._refresh.queues.queue)

    def purchase_queue(self, name: str) -> cloudwatch.Metric:
        """Return a maximum of the queue of customers who bought something."""
        return self._queue(name, self._refresh.queues.purchases)

    def queues(self, name: str) -> list[cloudwatch.Metric]:
        """Return a maximum of each queue."""
        return [self.queue(name), self.purchase_queue(name)]

    def dead_letters(self) -> cloudwatch.Metric:
        """Return how many dead letters there are."""
        return self._queue("ApproximateNumberOfMessagesVisible", self._refresh.queues.dead_letters)

    def metadata_queue(self, name: str, *, dead_letters: bool = False) -> cloudwatch.Metric:
        """Return a maximum of the queue of users and items, or of its dead letters."""
        if self.metadata is None:
            raise ValueError("there is no queue of users and items in this stack")
        queues = self.metadata.queues
        return self._queue(name, queues.dead_letters if dead_letters else queues.queue)

    @property
    def _refresh(self) -> Refresh:
        if self.refresh is None:
            raise ValueError("there are no queues before the stage recommend")
        return self.refresh

    def _queue(self, name: str, queue: sqs.IQueue) -> cloudwatch.Metric:
        return self._metric("AWS/SQS", name, {"QueueName": queue.queue_name}, statistic="Maximum")

    @staticmethod
    def math(
        expression: str, period: cdk.Duration = FIVE_MINUTES, **metrics: cloudwatch.IMetric
    ) -> cloudwatch.MathExpression:
        """Return metric math of metrics by the names in the expression."""
        return cloudwatch.MathExpression(expression=expression, period=period, using_metrics=metrics)

    @staticmethod
    def _metric(
        namespace: str,
        name: str,
        dimensions: dict[str, str],
        *,
        statistic: str = "Sum",
        period: cdk.Duration = FIVE_MINUTES,
    ) -> cloudwatch.Metric:
        # Without a label: CDK would write an alarm on a labelled metric as metric math.
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map=dimensions,
            statistic=statistic,
            period=period,
        )
