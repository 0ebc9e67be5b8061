"""What a metric attribution reports: on AWS from CloudWatch, locally from the local Personalize.

CloudWatch: https://docs.aws.amazon.com/personalize/latest/dg/metric-attribution-results-cloudwatch.html. It names the
metric only. So namespace and dimensions are asked for, by the metric's name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lifecycle import resource_types
from lifecycle.resources import Resources

DAY = 86_400
KEPT_DAYS = 455  # for which CloudWatch keeps a metric


class NoAttribution(Exception):
    """There is no metric attribution in a dataset group; the message says how to have one."""


@dataclass(frozen=True)
class Attributed:
    """What one source brought by one metric in the whole time."""

    source: str
    metric: str
    event_type: str
    value: float


def metrics(resources: Resources, dataset_group: str) -> list[Mapping[str, str]]:
    """Return the metrics of a dataset group's attribution, in the words of the API. Raises NoAttribution."""
    group = resources.find(resource_types.DATASET_GROUP, dataset_group)
    found = resources.all(resource_types.METRIC_ATTRIBUTION, datasetGroupArn=group) if group else []
    if not found:
        raise NoAttribution(
            f"dataset group {dataset_group} has no metric attribution: broker:metric_attribution creates one "
            "(locally: ./broker serve --metric-attribution)"
        )
    pages = resources.client.get_paginator("list_metric_attribution_metrics").paginate(
        metricAttributionArn=found[0]["metricAttributionArn"]
    )
    return [metric for page in pages for metric in page["metrics"]]


def from_local(rows: Iterable[Mapping[str, Any]], since: float) -> list[Attributed]:
    """Return what the rows of a report add up to, from a time on (epoch seconds)."""
    sums: dict[tuple[str, str, str], float] = {}
    for row in rows:
        if row["TIMESTAMP"] >= since:
            key = row["EVENT_ATTRIBUTION_SOURCE"], row["METRIC_NAME"], row["EVENT_TYPE"]
            sums[key] = sums.get(key, 0.0) + row["VALUE"]
    return [Attributed(*key, value) for key, value in sums.items()]


def from_cloudwatch(
    cloudwatch: Any, metrics: Iterable[Mapping[str, str]], since: datetime, until: datetime
) -> list[Attributed]:
    """Return what CloudWatch has of the metrics, by a boto3 client. Raises ClientError."""
    begin = max(since, until - timedelta(days=KEPT_DAYS))
    return [
        Attributed(_source(found), metric["metricName"], metric["eventType"], _sum(cloudwatch, found, begin, until))
        for metric in metrics
        for found in _found(cloudwatch, metric["metricName"])
    ]


def _found(cloudwatch: Any, name: str) -> Iterator[Mapping[str, Any]]:
    for page in cloudwatch.get_paginator("list_metrics").paginate(MetricName=name):
        yield from page["Metrics"]


def _source(found: Mapping[str, Any]) -> str:
    """Return the source: the dimensions' values, since nobody says what they are called."""
    return ", ".join(dimension["Value"] for dimension in found.get("Dimensions", [])) or "(all)"


def _sum(cloudwatch: Any, found: Mapping[str, Any], since: datetime, until: datetime) -> float:
    named = {key: found[key] for key in ("Namespace", "MetricName", "Dimensions") if key in found}
    answer = cloudwatch.get_metric_statistics(**named, StartTime=since, EndTime=until, Period=DAY, Statistics=["Sum"])
    return float(sum(point["Sum"] for point in answer["Datapoints"]))
