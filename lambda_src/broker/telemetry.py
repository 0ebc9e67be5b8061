"""What operators see: one log line and CloudWatch metrics (EMF) per invocation. Counts and lags, nothing personal."""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from broker import __version__
from broker.metric_names import NAMESPACE, Metric
from broker.reasons import Omission, QuarantineReason, SkipReason

MAX_VALUES = 90  # of one metric; at 100, the most that one EMF object may hold, Powertools writes one by itself
Reason = SkipReason | Omission | QuarantineReason


@dataclass
class Counts:
    """The counts of one invocation by outcome, and by outcome and reason; its lags in milliseconds."""

    outcomes: Counter[Metric] = field(default_factory=Counter)
    reasons: Counter[tuple[Metric, Reason]] = field(default_factory=Counter)
    lags: dict[Metric, list[float]] = field(default_factory=dict)

    def add(self, outcome: Metric, number: int = 1, reason: Reason | None = None) -> None:
        """Count an outcome; a reason is counted beside it."""
        if number:
            self.outcomes[outcome] += number
            if reason:
                self.reasons[outcome, reason] += number

    def add_lags(self, name: Metric, lags_ms: Iterable[float]) -> None:
        """Add lags, in milliseconds. One is negative where the clock of a device runs ahead of ours."""
        self.lags.setdefault(name, []).extend(lags_ms)


class Telemetry:
    """Logger and metrics of one function. ``service`` is the function's name: two brokers' metrics don't mix."""

    def __init__(self, service: str) -> None:
        self.logger = Logger(service=service, version=__version__)
        self._metrics = Metrics(namespace=NAMESPACE, service=service)
        self._service = service

    def publish(self, counts: Counts) -> None:
        """Write one log line and the metrics of one invocation."""
        by_reason = {f"{outcome}.{reason}": number for (outcome, reason), number in counts.reasons.items()}
        self.logger.info("invocation", extra={"outcomes": dict(counts.outcomes), "reasons": by_reason})
        for outcome, number in counts.outcomes.items():
            self._metrics.add_metric(outcome, MetricUnit.Count, number)
        for name, lags in counts.lags.items():
            for lag in evenly(lags, MAX_VALUES):
                self._metrics.add_metric(name, MetricUnit.Milliseconds, lag)
        if counts.outcomes or any(counts.lags.values()):
            self._metrics.flush_metrics()
        for (outcome, reason), number in counts.reasons.items():
            with single_metric(outcome.by_reason, MetricUnit.Count, number, namespace=NAMESPACE) as metric:
                metric.add_dimension("service", self._service)
                metric.add_dimension("reason", reason)

    def failed(self, error: Exception) -> None:
        """Log and count that the whole invocation fails. The message of ``error`` must not repeat what was sent."""
        self.logger.error("invocation failed", extra={"error": type(error).__name__, "reason": str(error)})
        self._metrics.add_metric(Metric.CONFIGURATION_ERRORS, MetricUnit.Count, 1)
        self._metrics.flush_metrics()


def evenly(values: Sequence[float], number: int) -> list[float]:
    """Return at most ``number`` of the values, sorted, at even ranks from the least to the greatest.

    So a percentile of the sample is the percentile of all values, but for the distance between two ranks.
    """
    ordered = sorted(values)
    if len(ordered) <= number:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (number - 1))] for place in range(number)]


@functools.cache
def telemetry(function_name: str) -> Telemetry:
    """Return the telemetry of the function that runs in this process."""
    return Telemetry(function_name)
