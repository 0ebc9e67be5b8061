"""How much campaigns are asked: what CloudWatch is asked, and what is said of an idle one and of a high minimum."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cli.unused_campaigns import warning
from lifecycle.campaign_use import CampaignUse, from_aws
from lifecycle.resources import Resources
from lifecycle.status import Inventory, ResourceState

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ARN = "arn:aws:personalize:us-east-1:123456789012:{}/shop"
CAMPAIGN, SOLUTION = ARN.format("campaign"), ARN.format("solution")
INVENTORY = Inventory("group", (ResourceState("campaign", "shop", "ACTIVE", CAMPAIGN),), None, {})
AGO = {"minutes": NOON - timedelta(minutes=30), "days": NOON - timedelta(days=2)}
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")


def use(values: list[Mapping[str, float]], *, age: timedelta = timedelta(days=30), minimum: int = 1) -> Any:
    """Return what is found of one campaign; ``values``: of GetRecommendations, of rankings, and of refresh's count."""
    personalize, cloudwatch = client("personalize"), client("cloudwatch")
    described = {
        "name": "shop",
        "campaignArn": CAMPAIGN,
        "solutionVersionArn": f"{SOLUTION}/1a2b",
        "minProvisionedTPS": minimum,
        "status": "ACTIVE",
        "creationDateTime": NOON - age,
    }
    results = [
        {"Id": f"m{place}", "Timestamps": [AGO[when] for when in its], "Values": list(its.values())}
        for place, its in enumerate(values)
    ]
    dimensions = [("CampaignArn", CAMPAIGN), ("CampaignArn", CAMPAIGN), ("service", "broker-refresh")]
    names = [("AWS/Personalize", "GetRecommendations"), ("AWS/Personalize", "GetPersonalizedRanking"),
             ("PersonalizeBroker", "GetRecommendationsCalls")]  # fmt: skip
    queries = [
        {
            "Id": f"m{place}",
            "MetricStat": {
                "Metric": {"Namespace": space, "MetricName": name, "Dimensions": [{"Name": key, "Value": value}]},
                "Period": 300,
                "Stat": "Sum",
            },
        }
        for place, ((space, name), (key, value)) in enumerate(zip(names, dimensions, strict=True))
    ]
    with Stubber(personalize) as control, Stubber(cloudwatch) as metrics:
        control.add_response("describe_campaign", {"campaign": described}, {"campaignArn": CAMPAIGN})
        if values:
            asked = {"MetricDataQueries": queries, "StartTime": NOON - timedelta(days=7), "EndTime": NOON}
            metrics.add_response("get_metric_data", {"MetricDataResults": results}, asked)
            control.add_response("describe_solution", {"solution": {"recipeArn": RECIPE}}, {"solutionArn": SOLUTION})
        return from_aws(cloudwatch, Resources(personalize), INVENTORY, {"RefreshFunction": "broker-refresh"}, NOON)


def test_requests_of_the_last_day_and_the_busiest_five_minutes_of_the_week_are_known() -> None:
    (found,) = use([{"minutes": 30, "days": 900}, {"days": 300}, {"days": 900}], minimum=5)

    assert found == CampaignUse("shop", "aws-user-personalization-v2", 5, 7.0, 30, 4.0)


def test_a_campaign_of_the_last_hours_is_not_judged() -> None:
    assert use([], age=timedelta(hours=23)) == []


def test_nothing_is_said_where_only_refresh_counts_requests() -> None:
    assert use([{}, {}, {"minutes": 5}]) == []


V2 = "aws-user-personalization-v2"


@pytest.mark.parametrize(
    ("found", "parts"),
    [
        (CampaignUse("shop", V2, 1, 7.0, 0, 3.0), ("no request for a day", "394.20 USD per month", "./broker pause")),
        (CampaignUse("shop", V2, 5, 7.0, 9, 1.2), ("a minimum of 5 requests", "broker:min_tps 2", "1,182.60 USD")),
        (CampaignUse("shop", "aws-sims", 2, 3.0, 9, 0.1), ("of the last 3 days", "broker:min_tps 1", "146.00 USD")),
    ],
)
def test_an_idle_campaign_and_a_minimum_above_need_are_warned_of_with_their_price(
    found: CampaignUse, parts: tuple[str, ...]
) -> None:
    line = warning(found)

    assert line
    assert [part for part in parts if part not in line] == []


@pytest.mark.parametrize(("minimum", "peak"), [(1, 0.01), (2, 1.5), (2, 2.0), (3, 7.0)])
def test_a_minimum_that_is_used_or_cannot_be_lower_is_not(minimum: int, peak: float) -> None:
    assert warning(CampaignUse("shop", V2, minimum, 7.0, 1, peak)) is None
