"""Metric attributions: what can be counted, and what the report says that each source and list earned, once."""

from pathlib import Path
from typing import Any

import pytest

from personalize_local.data.attribution import MOST_SOURCES, QUARTER, TOO_OLD, UNDEFINED
from personalize_local.journal import Journal
from tests.personalize_local.test_journal import started
from tests.personalize_local.world import Refused, World, schema

GROUP = "arn:aws:personalize:us-east-1:123456789012:dataset-group/shop"
OUTPUT = {"roleArn": "arn:aws:iam::123456789012:role/reports", "s3DataDestination": {"path": "s3://bucket/reports/"}}
REVENUE = {"eventType": "purchase", "metricName": "revenue", "expression": "SUM(Interactions.EVENT_VALUE)"}
SALES = {"eventType": "purchase", "metricName": "sales", "expression": "SAMPLECOUNT()"}
WITH_VALUE = schema({"name": "EVENT_VALUE", "type": ["null", "float"]})


def attribution(world: World, *metrics: dict[str, str], name: str = "shop", group: str = GROUP) -> str:
    """Create an attribution and wait until it is ACTIVE; return its ARN."""
    given = list(metrics or (REVENUE, SALES))
    made = world.call(
        "CreateMetricAttribution", name=name, datasetGroupArn=group, metrics=given, metricsOutputConfig=OUTPUT
    )
    world.wait(3)
    return str(made["metricAttributionArn"])


def refused(world: World, *metrics: dict[str, str], **others: Any) -> str:
    with pytest.raises(Refused) as caught:
        attribution(world, *metrics, **others)
    return caught.value.code


def bought(item: str = "i", value: float | None = 10.0, source: str | None = None, **fields: Any) -> dict[str, Any]:
    event: dict[str, Any] = {"itemId": item, "eventType": "purchase", **fields}
    event |= {} if value is None else {"eventValue": value}
    return event | ({"metricAttribution": {"eventAttributionSource": source}} if source else {})


def earned(world: World) -> dict[tuple[str, str], float]:
    """Return the values by metric and source, over all times."""
    [report] = world.service.attribution()
    sums: dict[tuple[str, str], float] = {}
    for row in report["rows"]:
        key = row["METRIC_NAME"], row["EVENT_ATTRIBUTION_SOURCE"]
        sums[key] = sums.get(key, 0.0) + row["VALUE"]
    return sums


@pytest.fixture
def tracking(world: World) -> str:
    return world.ready_to_collect(WITH_VALUE)


def test_an_attribution_is_described_and_listed_and_can_be_changed_and_deleted(world: World, tracking: str) -> None:
    arn = attribution(world)
    described = world.call("DescribeMetricAttribution", metricAttributionArn=arn)["metricAttribution"]
    assert (described["name"], described["status"]) == ("shop", "ACTIVE")
    assert described["metricsOutputConfig"] == OUTPUT
    assert [one["metricAttributionArn"] for one in listed(world, datasetGroupArn=GROUP)] == [arn]
    assert listed(world, datasetGroupArn=f"{GROUP}-2") == []
    views = {"eventType": "view", "metricName": "views", "expression": "SAMPLECOUNT()"}
    world.call("UpdateMetricAttribution", metricAttributionArn=arn, addMetrics=[views], removeMetrics=["sales"])
    assert world.call("ListMetricAttributionMetrics", metricAttributionArn=arn)["metrics"] == [REVENUE, views]
    elsewhere = {"roleArn": "arn:aws:iam::123456789012:role/other"}
    world.call("UpdateMetricAttribution", metricAttributionArn=arn, metricsOutputConfig=elsewhere)
    described = world.call("DescribeMetricAttribution", metricAttributionArn=arn)["metricAttribution"]
    assert described["metricsOutputConfig"] == elsewhere
    world.call("DeleteMetricAttribution", metricAttributionArn=arn)
    world.wait(3)
    assert listed(world) == []
    assert attribution(world) == arn


def listed(world: World, **request: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.call("ListMetricAttributions", **request)["metricAttributions"]
    return found


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("SUM(Interactions.EVENT_VALUE)", None),
        ("SAMPLECOUNT()", None),
        ("AVG(Interactions.EVENT_VALUE)", "InvalidInputException"),
        ("SUM()", "InvalidInputException"),
        ("SUM(Users.AGE)", "InvalidInputException"),
        ("SUM(Items.PRICE)", "InvalidInputException"),
        ("SUM(Interactions.TIMESTAMP)", "NotServedLocally"),
        ("", "InvalidInputException"),
    ],
)
def test_a_metric_counts_events_or_sums_a_column_that_there_is(
    world: World, tracking: str, expression: str, code: str | None
) -> None:
    metric = {"eventType": "purchase", "metricName": "m", "expression": expression}
    if code:
        assert refused(world, metric) == code
    else:
        assert attribution(world, metric)


def test_without_the_column_of_values_there_is_no_revenue(world: World) -> None:
    world.ready_to_collect()
    assert refused(world, REVENUE) == "InvalidInputException"


def test_a_group_has_one_attribution_of_ten_metrics_with_names_of_their_own(world: World, tracking: str) -> None:
    numbered = [SALES | {"metricName": f"m{number}"} for number in range(11)]
    assert refused(world, *numbered) == "InvalidInputException"
    assert refused(world, SALES, SALES) == "ResourceAlreadyExistsException"
    arn = attribution(world, *numbered[:10])
    assert refused(world) == "ResourceAlreadyExistsException"
    assert refused(world, name="second") == "LimitExceededException"
    for request in ({"addMetrics": [SALES]}, {"removeMetrics": ["nothing"]}):
        with pytest.raises(Refused, match="InvalidInput"):
            world.call("UpdateMetricAttribution", metricAttributionArn=arn, **request)


def test_an_attribution_needs_a_group_that_is_there_and_keeps_it(world: World, tracking: str) -> None:
    assert refused(world, group=f"{GROUP}-2") == "ResourceNotFoundException"
    attribution(world)
    with pytest.raises(Refused, match="ResourceInUse"):
        world.call("DeleteDatasetGroup", datasetGroupArn=GROUP)


def test_each_source_earns_what_its_events_say_and_the_rest_is_undefined(world: World, tracking: str) -> None:
    world.put(tracking, bought("before"))
    attribution(world)
    world.put(tracking, bought(source="fresh"), bought(value=2.5, source="fresh"), bought(source="holdout", value=None))
    world.put(tracking, bought(value=4), {"itemId": "i", "eventType": "view"}, bought(recommendationId="RID-unknown"))
    assert earned(world) == {
        ("revenue", "fresh"): 12.5,
        ("sales", "fresh"): 2,
        ("revenue", "holdout"): 0,
        ("sales", "holdout"): 1,
        ("revenue", UNDEFINED): 14,
        ("sales", UNDEFINED): 2,
    }


def test_an_event_id_counts_once_however_often_and_whenever_it_comes(world: World, tracking: str) -> None:
    attribution(world)
    for seconds in (0, 60, 4_000):
        world.wait(seconds)
        world.put(tracking, bought(eventId="once", sentAt=int(world.now) - seconds, source="fresh"))
    assert earned(world) == {("revenue", "fresh"): 10, ("sales", "fresh"): 1}


def test_the_rows_are_those_of_awss_csv_by_quarters_of_an_hour(world: World, tracking: str) -> None:
    attribution(world, SALES)
    quarter = int(world.now) // QUARTER * QUARTER
    world.put(tracking, *(bought(sentAt=quarter + after, source="a") for after in (0, QUARTER - 1, -1)))
    [report] = world.service.attribution()
    assert [(row["TIMESTAMP"], row["VALUE"]) for row in report["rows"]] == [(quarter - QUARTER, 1), (quarter, 2)]
    names = "METRIC_NAME,EVENT_TYPE,VALUE,MATH_FUNCTION,EVENT_ATTRIBUTION_SOURCE,TIMESTAMP"
    assert ",".join(report["rows"][0]) == names
    assert {row["MATH_FUNCTION"] for row in report["rows"]} == {"samplecount"}


def test_what_cloudwatch_would_refuse_as_too_old_is_left_out(world: World, tracking: str) -> None:
    attribution(world, SALES)
    world.put(tracking, *(bought(sentAt=int(world.now) - TOO_OLD + after) for after in (0, 1)))
    assert earned(world) == {("sales", UNDEFINED): 1}


def test_further_sources_than_a_hundred_are_undefined(world: World, tracking: str) -> None:
    attribution(world, SALES)
    for number in range(MOST_SOURCES + 5):
        world.put(tracking, bought(source=f"source-{number}"))
    found = earned(world)
    assert len(found) == MOST_SOURCES + 1
    assert found["sales", UNDEFINED] == 5


def test_a_list_earns_for_its_campaign_and_for_itself_and_the_report_outlives_the_service(tmp_path: Path) -> None:
    before = started(tmp_path)
    tracking = before.ready_to_collect(WITH_VALUE)
    before.fill(tracking)
    before.wait(2)
    campaign = before.campaign(before.trained(before.solution()))
    attribution(before)
    answer = before.call("GetRecommendations", campaignArn=campaign, userId="u0")
    list_id, item = answer["recommendationId"], answer["itemList"][0]["itemId"]
    before.put(tracking, bought(item, recommendationId=list_id), bought(item, 5, recommendationId=list_id))
    before.put(tracking, bought(item, 1, recommendationId=list_id, source="fresh", impression=[item]))
    assert earned(before) == {
        ("revenue", campaign): 15,
        ("sales", campaign): 2,
        ("revenue", "fresh"): 1,
        ("sales", "fresh"): 1,
    }
    [report] = before.service.attribution()
    columns = ("recommendationId", "eventAttributionSource", "events", "value")
    brought = [tuple(row[column] for column in columns) for row in report["lists"]]
    assert brought == [(list_id, campaign, 2, 15), (list_id, "fresh", 1, 1)]
    last = before.service.deliveries(limit=10_000)[-1]
    assert (last["recommendationId"], last["impression"]) == (list_id, (item,))
    assert last["eventAttributionSource"] == "fresh"
    before.journal.close()

    after = started(tmp_path, before.now)
    assert after.service.attribution() == [report]
    assert isinstance(after.journal, Journal)


def test_a_number_of_an_item_is_summed_with_each_event_of_it(world: World, tracking: str) -> None:
    items = schema({"name": "PRICE", "type": "float"}, name="Items", drop="USER_ID")
    items = items.replace('{"name": "EVENT_TYPE", "type": "string"}, {"name": "TIMESTAMP", "type": "long"}, ', "")
    made = world.call("CreateSchema", name="items", schema=items)["schemaArn"]
    dataset = world.call("CreateDataset", name="items", schemaArn=made, datasetGroupArn=GROUP, datasetType="Items")
    world.wait(3)
    put = [{"itemId": "lamp", "properties": '{"price": 39.0}'}]
    world.call("PutItems", datasetArn=dataset["datasetArn"], items=put)
    attribution(world, {"eventType": "purchase", "metricName": "prices", "expression": "SUM(Items.PRICE)"})
    world.put(tracking, bought("lamp"), bought("lamp"), bought("unknown"))
    assert earned(world) == {("prices", UNDEFINED): 78}
