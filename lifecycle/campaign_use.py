"""How much campaigns are asked, against the minimum throughput that is paid for: by CloudWatch, over the last week.

Personalize charges the minimum, or the mean of five minutes where that is more (CreateCampaign). Its metrics:
https://docs.aws.amazon.com/personalize/latest/dg/personalize-monitoring.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from broker.metric_names import NAMESPACE, Metric

from lifecycle import resource_types
from lifecycle.resources import Resources, State
from lifecycle.status import Inventory

FIVE_MINUTES = 300
DAY, WEEK = timedelta(days=1), timedelta(days=7)
REQUESTS = ("GetRecommendations", "GetPersonalizedRanking")
OF_REFRESH = "refresh"


@dataclass(frozen=True)
class CampaignUse:
    """A campaign's minimum per second, and what was asked of it: requests of a day, and the busiest five minutes.

    ``days`` that were looked at, at most a week; ``last_day``: requests of the newest 24 hours; ``peak`` per second.
    """

    name: str
    recipe: str
    min_tps: int
    days: float
    last_day: float
    peak: float


def from_aws(
    cloudwatch: Any,
    resources: Resources,
    inventory: Inventory,
    outputs: Mapping[str, str],
    now: datetime | None = None,
) -> list[CampaignUse]:
    """Return the use of each ACTIVE campaign that is older than a day. Raises ClientError.

    Where ``refresh`` counts requests and Personalize's own metrics have none, these are not known, and nothing is said.
    """
    until = now or datetime.now(UTC)
    active = [
        one for one in inventory.resources if one.kind == resource_types.CAMPAIGN.words and one.status == "ACTIVE"
    ]
    campaigns = [resources.describe(resource_types.CAMPAIGN, one.arn) for one in active]
    old = [one for one in campaigns if until - one["creationDateTime"] >= DAY]
    if not old:
        return []
    series = _requests(cloudwatch, [one["campaignArn"] for one in old], outputs.get("RefreshFunction"), until)
    counted = sum(series.pop(OF_REFRESH).values())
    if counted and not any(sum(points.values()) for points in series.values()):
        return []
    return [_use(resources, one, series[one["campaignArn"]], until) for one in old]


def _use(resources: Resources, campaign: State, points: Mapping[datetime, float], until: datetime) -> CampaignUse:
    solution = campaign["solutionVersionArn"].rpartition("/")[0]
    recipe = resources.describe(resource_types.SOLUTION, solution)["recipeArn"]
    return CampaignUse(
        name=campaign["name"],
        recipe=recipe.rpartition("/")[2],
        min_tps=campaign["minProvisionedTPS"],
        days=min(until - campaign["creationDateTime"], WEEK) / DAY,
        last_day=sum(value for at, value in points.items() if at >= until - DAY),
        peak=max(points.values(), default=0) / FIVE_MINUTES,
    )


def _requests(
    cloudwatch: Any, arns: list[str], refresh: str | None, until: datetime
) -> dict[str, dict[datetime, float]]:
    """Return the requests of each five minutes, by campaign, and those that ``refresh`` counted, by itself."""
    wanted = [(arn, "AWS/Personalize", name, "CampaignArn", arn) for arn in arns for name in REQUESTS]
    own = Metric.GET_RECOMMENDATIONS_CALLS.value
    wanted += [(OF_REFRESH, NAMESPACE, own, "service", refresh)] if refresh else []
    found: dict[str, dict[datetime, float]] = {key: {} for key in (*arns, OF_REFRESH)}
    queries = [_query(place, *one[1:]) for place, one in enumerate(wanted)]
    pages = cloudwatch.get_paginator("get_metric_data")
    for page in pages.paginate(MetricDataQueries=queries, StartTime=until - WEEK, EndTime=until):
        for result in page["MetricDataResults"]:
            points = found[wanted[int(result["Id"][1:])][0]]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                points[at] = points.get(at, 0) + value
    return found


def _query(place: int, namespace: str, name: str, dimension: str, value: str) -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": dimension, "Value": value}]}
    return {"Id": f"m{place}", "MetricStat": {"Metric": metric, "Period": FIVE_MINUTES, "Stat": "Sum"}}
