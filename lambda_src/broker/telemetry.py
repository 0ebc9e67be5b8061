"""What operators see: one log line and CloudWatch metrics (EMF) per invocation. Nothing personal."""

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit, single_metric

from broker import __version__
from broker.failures import places
from broker.metric_names import NAMESPACE, OF_A_VERSION, Metric
from broker.position import Position
from broker.quarantine import QuarantineRow
from broker.rate_limit import Calls
from broker.reasons import Omission, QuarantineReason, SkipReason
from broker.stage_times import StageTimes

MAX_VALUES = 90  # of one metric; at 100, the most that one EMF object may hold, Powertools writes one by itself
MAX_REFUSALS = 10  # of one line, the most frequent ones
Reason = SkipReason | Omission | QuarantineReason


@dataclass
class Counts:
    """The counts of one invocation by outcome, and by outcome and reason; its lags in milliseconds.

    For the log line alone: where the invocation stands, how long its stages take, and why something is refused.

    ``ages_ms``: how old the oldest of what a queue had is, by metric and the queue's name. ``lines``: further lines of
    the log, each with its message.
    """

    outcomes: Counter[Metric] = field(default_factory=Counter)
    reasons: Counter[tuple[Metric, Reason]] = field(default_factory=Counter)
    lags: dict[Metric, list[float]] = field(default_factory=dict)
    position: Position | None = None
    stages: StageTimes = field(default_factory=StageTimes)
    refusals: Counter[tuple[QuarantineReason, str]] = field(default_factory=Counter)
    ages_ms: dict[tuple[Metric, str], float] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def add(self, outcome: Metric, number: int = 1, reason: Reason | None = None) -> None:
        """Count an outcome; a reason is counted beside it."""
        if number:
            self.outcomes[outcome] += number
            if reason:
                self.reasons[outcome, reason] += number

    def add_calls(self, made: Metric, throttled: Metric, calls: Calls) -> None:
        """Count calls of one kind, and those of them that were refused for their rate."""
        self.add(made, calls.made)
        self.add(throttled, calls.throttled)

    def add_lags(self, name: Metric, lags_ms: Iterable[float]) -> None:
        """Add lags, in milliseconds. One is negative where the clock of a device runs ahead of ours."""
        self.lags.setdefault(name, []).extend(lags_ms)

    def add_refusals(self, rows: Iterable[QuarantineRow]) -> None:
        """Count why something is to be quarantined, whether or not the quarantine can be written."""
        self.refusals.update((row.reason, row.detail) for row in rows)


class Telemetry:
    """Logger and metrics of one function. ``service`` is the function's name: two brokers' metrics don't mix.

    ``by_version``: whether some metrics are written for the function's version, too.
    """

    def __init__(self, service: str, *, by_version: bool = False) -> None:
        self.logger = Logger(service=service, version=__version__, use_rfc3339=True)
        self._metrics = Metrics(namespace=NAMESPACE, service=service)
        self._service = service
        self._by_version = by_version

    def publish(self, counts: Counts, context: Any) -> None:
        """Write one log line and the metrics of one invocation; ``context`` is Lambda's."""
        for line in counts.lines:
            self.logger.info(line.pop("message"), extra={**_invocation(context), **line})
        self.logger.info("invocation", extra={**_invocation(context), **_line(counts)})
        for outcome, number in counts.outcomes.items():
            self._metrics.add_metric(outcome, MetricUnit.Count, number)
        for name, lags in counts.lags.items():
            self._add_values(name, evenly(lags, MAX_VALUES))
        if counts.outcomes or any(counts.lags.values()):
            self._metrics.flush_metrics()
        if self._by_version:
            self._write_by_version(counts, context.function_version)
        for (outcome, reason), number in counts.reasons.items():
            self._write_alone(outcome.by_reason, MetricUnit.Count, number, "reason", reason)
        for (name, queue), age in counts.ages_ms.items():
            self._write_alone(name, MetricUnit.Milliseconds, age, "queue", queue)

    def _add_values(self, name: Metric, lags_ms: Sequence[float]) -> None:
        """Add the values of a metric. ``add_metric`` formats all that it has so far, each time, for a debug line."""
        for lag in lags_ms[:1]:
            self._metrics.add_metric(name, MetricUnit.Milliseconds, lag)
        for lag in lags_ms[1:]:
            self._metrics.metric_set[name]["Value"].append(float(lag))

    def _write_by_version(self, counts: Counts, version: str) -> None:
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=self._service)
        metrics.add_dimension("version", version)
        counted = [outcome for outcome in OF_A_VERSION if counts.outcomes[outcome]]
        for outcome in counted:
            metrics.add_metric(outcome, MetricUnit.Count, counts.outcomes[outcome])
        if counted:
            metrics.flush_metrics()

    def _write_alone(self, name: str, unit: MetricUnit, number: float, dimension: str, value: str) -> None:
        """Write a metric that has one dimension more than the others."""
        with single_metric(name, unit, number, namespace=NAMESPACE) as metric:
            metric.add_dimension("service", self._service)
            metric.add_dimension(dimension, value)

    def failed(self, error: Exception, context: Any) -> None:
        """Log that the whole invocation fails, which Lambda counts. The message of ``error`` may be personal."""
        frames = places(error)
        self._log_failure(context, {"error": type(error).__name__, "place": frames[-1], "frames": frames})

    def misconfigured(self, error: Exception, context: Any) -> None:
        """Log and count that nothing can work. The message of ``error`` must not repeat what was sent."""
        self._log_failure(context, {"error": type(error).__name__, "reason": str(error)})
        self._metrics.add_metric(Metric.CONFIGURATION_ERRORS, MetricUnit.Count, 1)
        self._metrics.flush_metrics()

    def _log_failure(self, context: Any, fields: Mapping[str, Any]) -> None:
        self.logger.error("invocation failed", extra={**_invocation(context), **fields})


def _invocation(context: Any) -> dict[str, str]:
    """Return by what an invocation's lines are found. The request id is also in Lambda's own lines."""
    return {"function_request_id": context.aws_request_id, "function_version": context.function_version}


def _line(counts: Counts) -> dict[str, Any]:
    refusals = [
        {"reason": reason, "detail": detail, "number": number}
        for (reason, detail), number in counts.refusals.most_common(MAX_REFUSALS)
    ]
    return {
        **(counts.position.as_fields() if counts.position else {}),
        "stages": counts.stages,
        "outcomes": dict(counts.outcomes),
        "reasons": {f"{outcome}.{reason}": number for (outcome, reason), number in counts.reasons.items()},
        **({"refusals": refusals} if refusals else {}),
    }


def evenly(values: Sequence[float], number: int) -> list[float]:
    """Return at most ``number`` of the values, sorted, at even ranks from the least to the greatest.

    So a percentile of the sample is the percentile of all values, but for the distance between two ranks.
    """
    ordered = sorted(values)
    if len(ordered) <= number:
        return ordered
    return [ordered[round(place * (len(ordered) - 1) / (number - 1))] for place in range(number)]


@functools.cache
def telemetry(function_name: str, by_version: bool) -> Telemetry:
    """Return the telemetry of the function that runs in this process."""
    return Telemetry(function_name, by_version=by_version)
