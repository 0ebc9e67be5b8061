"""The alarms that stop a deployment: one minute of the new version alone, so that no fault of the old one stops it."""

from collections.abc import Callable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from broker.metric_names import NAMESPACE, Metric
from constructs import Construct

from blueprint.mappings import LIVE

MINUTE = cdk.Duration.minutes(1)
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
GUIDE = "docs/upgrade.md#when-a-deployment-is-rolled-back"
MAX_QUARANTINED = 10  # percent
MIN_QUARANTINED = 10  # one bad record of a quiet minute says nothing of the version
MIN_EXPECTED = 10  # where so many are to be expected, none is no chance


class RollbackAlarms(Construct):
    """Three alarms on a function's new version. They tell nobody: whoever deploys sees the deployment fail.

    ``read``: the metric of what comes in; ``done``: those of what comes out.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        function: str,
        alias: lambda_.Alias,
        read: Metric,
        done: Sequence[Metric],
    ) -> None:
        super().__init__(scope, id)
        self._prefix = f"{name}-rollback-{function}"
        self._service, self._version = alias.lambda_.function_name, alias.version.version
        new = f"the new version of {function}"
        self.alarms = [
            self._alarm("errors", f"Invocations of {new} fail.", self._errors()),
            self._alarm(
                "quarantine",
                f"Over {MAX_QUARANTINED} % of what {new} handles goes to quarantine.",
                self._quarantined_share(done),
                threshold=MAX_QUARANTINED,
            ),
            self._alarm(
                "nothing-done",
                f"Nothing is done by {new}, which by the rate of both versions should have done over {MIN_EXPECTED}.",
                self._missing(read, done),
                threshold=MIN_EXPECTED,
            ),
        ]

    def _errors(self) -> cloudwatch.Metric:
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html, dimensions for function metrics
        dimensions = {
            "FunctionName": self._service,
            "Resource": f"{self._service}:{LIVE}",
            "ExecutedVersion": self._version,
        }
        return cloudwatch.Metric(
            namespace="AWS/Lambda", metric_name="Errors", dimensions_map=dimensions, statistic="Sum", period=MINUTE
        )

    def _quarantined_share(self, done: Sequence[Metric]) -> cloudwatch.MathExpression:
        bad, (good, metrics) = "FILL(quarantined, 0)", _sum("done", done, self._of_version)
        return _math(
            f"IF({bad} > {MIN_QUARANTINED}, 100 * {bad} / ({bad} + {good}), 0)",
            quarantined=self._of_version(Metric.QUARANTINED),
            **metrics,
        )

    def _missing(self, read: Metric, done: Sequence[Metric]) -> cloudwatch.MathExpression:
        """Return how much the new version should have done by the rate of both, if it has done nothing; else zero."""
        by_version, its_metrics = _sum("done", done, self._of_version)
        by_both, their_metrics = _sum("all_done", done, self._of_function)
        return _math(
            f"IF({by_version} == 0, FILL(read, 0) * {by_both} / FILL(all_read, 1), 0)",
            read=self._of_version(read),
            all_read=self._of_function(read),
            **its_metrics,
            **their_metrics,
        )

    def _alarm(
        self, id: str, description: str, metric: cloudwatch.IMetric, *, threshold: float = 0
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            id,
            alarm_name=f"{self._prefix}-{id}",
            alarm_description=f"{description} It stops a deployment, and tells nobody: {GUIDE}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=ABOVE,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _of_version(self, name: Metric) -> cloudwatch.Metric:
        return self._of_function(name, version=self._version)

    def _of_function(self, name: Metric, **more: str) -> cloudwatch.Metric:
        dimensions = {"service": self._service, **more}
        return cloudwatch.Metric(
            namespace=NAMESPACE, metric_name=name, dimensions_map=dimensions, statistic="Sum", period=MINUTE
        )


def rollback_alarms(
    scope: Construct, name: str, ingest: lambda_.Alias, refresh: lambda_.Alias
) -> dict[str, list[cloudwatch.Alarm]]:
    """Return the alarms of each function's deployment."""
    written = (Metric.PROFILES_UPDATED, Metric.PROFILES_UNCHANGED)
    of_ingest = RollbackAlarms(
        scope, "IngestRollback", name=name, function="ingest", alias=ingest, read=Metric.RECORDS, done=[Metric.ACCEPTED]
    )
    of_refresh = RollbackAlarms(
        scope, "RefreshRollback", name=name, function="refresh", alias=refresh, read=Metric.MESSAGES, done=written
    )
    return {"ingest": of_ingest.alarms, "refresh": of_refresh.alarms}


def _sum(
    prefix: str, names: Sequence[Metric], metric: Callable[[Metric], cloudwatch.Metric]
) -> tuple[str, dict[str, cloudwatch.Metric]]:
    """Return a sum in metric math, in parentheses, and the metrics by their names in it."""
    metrics = {f"{prefix}_{number}": metric(name) for number, name in enumerate(names)}
    return f"({' + '.join(f'FILL({name}, 0)' for name in metrics)})", metrics


def _math(expression: str, **metrics: cloudwatch.IMetric) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(expression=expression, period=MINUTE, using_metrics=metrics)
