"""What a metric attribution reports: sums by source of the local rows, and of what CloudWatch has under its names."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lifecycle.attribution import KEPT_DAYS, Attributed, NoAttribution, from_cloudwatch, from_local, metrics
from lifecycle.resources import Resources

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
REVENUE = {"metricName": "shop-revenue", "eventType": "purchase", "expression": "SUM(Interactions.EVENT_VALUE)"}
CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"


def row(value: float, at: int, source: str = CAMPAIGN) -> dict[str, Any]:
    return {
        "METRIC_NAME": "shop-revenue",
        "EVENT_TYPE": "purchase",
        "VALUE": value,
        "MATH_FUNCTION": "sum",
        "EVENT_ATTRIBUTION_SOURCE": source,
        "TIMESTAMP": at,
    }


def test_the_rows_of_a_source_add_up_from_a_time_on() -> None:
    rows = [row(5, 0), row(2, 900), row(0.5, 1800), row(7, 900, "fresh")]
    assert from_local(rows, since=900) == [
        Attributed(CAMPAIGN, "shop-revenue", "purchase", 2.5),
        Attributed("fresh", "shop-revenue", "purchase", 7),
    ]
    assert from_local([], since=0) == []


def test_cloudwatch_is_asked_for_each_source_by_the_metrics_name_alone() -> None:
    cloudwatch = boto3.client("cloudwatch", "us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
    since = NOON - timedelta(days=14)
    found = [
        {
            "Namespace": "AWS/Whatever",
            "MetricName": "shop-revenue",
            "Dimensions": [{"Name": "Anything", "Value": source}],
        }
        for source in (CAMPAIGN, "fresh")
    ]
    with Stubber(cloudwatch) as stub:
        stub.add_response("list_metrics", {"Metrics": found}, {"MetricName": "shop-revenue"})
        for one, sums in zip(found, ([12.5, 3.5], []), strict=True):
            asked = {**one, "StartTime": since, "EndTime": NOON, "Period": 86_400, "Statistics": ["Sum"]}
            points = [{"Timestamp": NOON, "Sum": number, "Unit": "None"} for number in sums]
            stub.add_response("get_metric_statistics", {"Datapoints": points}, asked)
        assert from_cloudwatch(cloudwatch, [REVENUE], since, NOON) == [
            Attributed(CAMPAIGN, "shop-revenue", "purchase", 16),
            Attributed("fresh", "shop-revenue", "purchase", 0),
        ]


def test_more_days_than_cloudwatch_keeps_are_not_asked_for() -> None:
    asked: list[Any] = []

    def statistics(**request: Any) -> Any:
        asked.append(request["StartTime"])
        return {"Datapoints": []}

    pages = SimpleNamespace(paginate=lambda **_: [{"Metrics": [{"Namespace": "n", "MetricName": "shop-revenue"}]}])
    cloudwatch = SimpleNamespace(get_paginator=lambda _: pages, get_metric_statistics=statistics)
    [one] = from_cloudwatch(cloudwatch, [REVENUE], NOON - timedelta(days=900), NOON)
    assert asked == [NOON - timedelta(days=KEPT_DAYS)]
    assert one.source == "(all)"


def test_without_an_attribution_it_is_said_how_to_have_one() -> None:
    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [{"datasetGroups": []}]))
    with pytest.raises(NoAttribution, match="dataset group shop has no metric attribution: broker:metric_attribution"):
        metrics(Resources(client), "shop")
