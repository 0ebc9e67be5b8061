"""The share of what comes in that Personalize accepts: of the last day against the week before it, from CloudWatch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.failures import aws_call
from broker.metric_names import NAMESPACE, Metric
from broker.reasons import SkipReason

DAY, WEEK = timedelta(days=1), timedelta(days=7)
HOUR = 3_600
ENOUGH = 100  # interactions in each period: below, a share says nothing
TOP = 5  # reasons that are shown, those that have grown most
ACCEPTED, SKIPPED, QUARANTINED = Metric.ACCEPTED, Metric.SKIPPED, Metric.QUARANTINED


@dataclass(frozen=True)
class AcceptedShare:
    """Sums of the last day and of the week before, by metric, and by reason where something is skipped."""

    today: Mapping[str, float]
    before: Mapping[str, float]

    @classmethod
    def from_cloudwatch(cls, cloudwatch: Any, ingest_function: str, now: float) -> "AcceptedShare":
        """Ask CloudWatch for what ``ingest`` counted; ``now`` in epoch seconds. Raises Failure."""
        end = datetime.fromtimestamp(now, UTC)
        today: dict[str, float] = {}
        before: dict[str, float] = {}
        for name, at, value in _points(cloudwatch, ingest_function, end - WEEK - DAY, end):
            period = today if at >= end - DAY else before
            period[name] = period.get(name, 0.0) + value
        return cls(today, before)

    @property
    def drop(self) -> int:
        """Return by how many percent the share has fallen, 0 where it has not or too little came in to tell."""
        if min(_all(self.today), _all(self.before)) < ENOUGH or not self.before.get(ACCEPTED):
            return 0
        return max(0, round(100 * (1 - _share(self.today, ACCEPTED) / _share(self.before, ACCEPTED))))

    def as_fields(self) -> dict[str, Any]:
        """Return the shares, and of the reasons that have grown most the shares before and now."""
        reasons = sorted(
            (reason for reason in SkipReason if self.today.get(reason, 0)),
            key=lambda reason: _share(self.before, reason) - _share(self.today, reason),
        )
        return {
            "accepted_share": round(_share(self.today, ACCEPTED), 4),
            "accepted_share_before": round(_share(self.before, ACCEPTED), 4),
            "skipped_before_and_now": {
                reason: [round(_share(self.before, reason), 4), round(_share(self.today, reason), 4)]
                for reason in reasons[:TOP]
            },
        }


def _all(sums: Mapping[str, float]) -> float:
    return sum(sums.get(name, 0.0) for name in (ACCEPTED, SKIPPED, QUARANTINED))


def _share(sums: Mapping[str, float], name: str) -> float:
    return sums.get(name, 0.0) / (_all(sums) or 1.0)


def _points(
    cloudwatch: Any, ingest_function: str, start: datetime, end: datetime
) -> Iterator[tuple[str, datetime, float]]:
    service = {"Name": "service", "Value": ingest_function}
    queries = [_query(name, name, [service]) for name in (ACCEPTED, SKIPPED, QUARANTINED)]
    queries += [
        _query(reason, SKIPPED.by_reason, [service, {"Name": "reason", "Value": reason}]) for reason in SkipReason
    ]
    request: dict[str, Any] = {"MetricDataQueries": queries, "StartTime": start, "EndTime": end}
    while True:
        answer = aws_call(cloudwatch.get_metric_data, **request)
        for result in answer["MetricDataResults"]:
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                yield result["Label"], at, value
        if "NextToken" not in answer:
            return
        request["NextToken"] = answer["NextToken"]


def _query(label: str, metric: str, dimensions: list[dict[str, str]]) -> dict[str, Any]:
    named = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
    stat = {"Metric": named, "Period": HOUR, "Stat": "Sum"}
    return {"Id": f"of_{label.lower()}", "Label": label, "MetricStat": stat}
