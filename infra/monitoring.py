"""Alarms, and one dashboard that shows the loop from left to right. What an alarm means is in docs/runbook.md."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.metrics import Metrics

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
MAX_ITERATOR_AGE_MS = 10 * 60 * 1000


class Alarms(Construct):
    """One alarm a cause, on plain metrics; with an address they go out by e-mail."""

    def __init__(self, scope: Construct, id: str, *, name: str, metrics: Metrics, email: str | None) -> None:
        super().__init__(scope, id)
        self._name = name
        self.topic = self._topic(email) if email else None
        self.alarms: list[cloudwatch.Alarm] = []
        self._stream(metrics)
        self._function("ingest", metrics)
        if metrics.recommends:
            self._function("refresh", metrics)
            # SQS's own age of the oldest message leaves out what was received three times: it stays low in an outage.
            self._alarm(
                "refresh-waits",
                "For half an hour there were profiles that could not be refreshed: they wait in the queue.",
                metrics.broker("refresh", "RefreshesFailed"),
                evaluations=6,
            )
            self._alarm("dead-letters", "Profiles could not be refreshed for 12 hours.", metrics.dead_letters())

    def _stream(self, metrics: Metrics) -> None:
        self._alarm(
            "iterator-age",
            "Events wait on the stream for over ten minutes.",
            metrics.iterator_age(),
            threshold=MAX_ITERATOR_AGE_MS,
            evaluations=2,
        )
        self._alarm(
            "on-failure", "Records were given up after two days, into the on-failure bucket.", metrics.given_up()
        )
        self._alarm(
            "on-failure-lost",
            "Records were given up and could not be written to the on-failure bucket: they are lost.",
            metrics.function("ingest", "DestinationDeliveryFailures"),
        )
        self._alarm(
            "silence",
            "No interaction reached Personalize for an hour.",
            metrics.broker("ingest", "Accepted", cdk.Duration.hours(1)),
            threshold=1,
            comparison=BELOW,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _function(self, function: str, metrics: Metrics) -> None:
        self._alarm(f"{function}-errors", f"Invocations of {function} fail.", metrics.function(function, "Errors"))
        self._alarm(
            f"{function}-throttles",
            f"Lambda has no room to run {function}: the account's concurrency is used up.",
            metrics.function(function, "Throttles"),
            evaluations=3,
        )
        self._alarm(
            f"{function}-configuration",
            f"{function} is refused, or a setting of it is wrong: nothing can work until somebody changes it.",
            metrics.broker(function, "ConfigurationErrors"),
        )
        self._alarm(
            f"{function}-quarantine",
            f"{function} put something into quarantine that can never work.",
            metrics.broker(function, "Quarantined"),
        )

    def _alarm(
        self,
        id: str,
        description: str,
        metric: cloudwatch.Metric,
        *,
        threshold: float = 0,
        evaluations: int = 1,
        comparison: cloudwatch.ComparisonOperator = ABOVE,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id,
            alarm_name=f"{self._name}-{id}",
            alarm_description=f"{description} See docs/runbook.md.",
            metric=metric,
            threshold=threshold,
            evaluation_periods=evaluations,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        if self.topic:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
            alarm.add_ok_action(actions.SnsAction(self.topic))
        self.alarms.append(alarm)

    def _topic(self, email: str) -> sns.Topic:
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
        sns.Subscription(self, "Email", topic=topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=email)
        # A topic with a policy of its own has lost the default one, by which CloudWatch may publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            )
        )
        return topic


class Dashboard(Construct):
    """A column a station: stream, ingest, queue, refresh; on top what goes through, below what goes wrong."""

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
        names = ("Records", "Accepted", "Skipped", "RefreshesAsked")
        return [
            ("Ingest: what came and what became of it", [metrics.broker("ingest", name) for name in names]),
            ("Event to Personalize (ms)", metrics.lag("ingest", "EventToPersonalize")),
            ("Ingest: trouble", [*metrics.trouble("ingest"), metrics.broker("ingest", "Waiting")]),
        ]

    def _queue(self, metrics: Metrics) -> "Column":
        return [
            ("Queue: customers to refresh", [metrics.queue("ApproximateNumberOfMessagesVisible")]),
            ("Queue: age of the oldest (s)", [metrics.queue("ApproximateAgeOfOldestMessage")]),
            ("Queue: dead letters", [metrics.dead_letters()]),
        ]

    def _refresh(self, metrics: Metrics) -> "Column":
        names = ("Messages", "Covered", "ProfilesUpdated", "ProfilesUnchanged", "NoRecommendations")
        return [
            ("Refresh: what came and what became of it", [metrics.broker("refresh", name) for name in names]),
            ("Event to profile (ms)", metrics.lag("refresh", "EventToProfile")),
            ("Refresh: trouble", [*metrics.trouble("refresh"), metrics.broker("refresh", "RefreshesFailed")]),
        ]


Column = list[tuple[str, list[cloudwatch.Metric]]]


def _graph(title: str, shown: Sequence[cloudwatch.IMetric], width: int) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(shown), width=width, height=6)
