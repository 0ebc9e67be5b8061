"""The metric attribution: nothing of it by default; with it, what Personalize needs and nothing else."""

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from blueprint.attributed_metrics import attributed_metrics
from infra.cost.bill import ATTRIBUTION_SOURCES, bill
from infra.paths import ROOT
from infra.settings import SettingsError, Stage, read_settings
from local_stack.process import start_service
from tests.infra.conftest import Synthesise
from tests.infra.deployer import Deployer
from tests.infra.synthesis import CDK_JSON, FULL, GIVEN
from tests.infra.test_cost import ONE_PER_SECOND, PRICES
from tests.personalize_local.served.clients import Aws

ON = {"broker:metric_attribution": True}
FOUR = {action: action for action in ("view_detail", "add_to_cart", "add_to_wishlist", "purchase")}


@pytest.mark.parametrize("stage", Stage)
def test_it_is_off_by_default_and_leaves_all_other_resources_of_personalize_as_they_are(
    made: Synthesise, stage: Stage
) -> None:
    without, with_it = (made(stage, context).template["Resources"] for context in ({}, ON))
    assert {id for id in without if "Attribution" in id} == set()
    assert {with_it[id]["Type"] for id in with_it.keys() - without.keys()} == {
        "AWS::IAM::Role",
        "AWS::Personalize::MetricAttribution",
    } | ({"AWS::Lambda::Version"} if stage is not Stage.COLLECT or "Version" in json.dumps(sorted(with_it)) else set())
    kinds = {without[id]["Type"] for id in without if id in with_it and without[id] != with_it[id]}
    assert {kind for kind in kinds if "Personalize" in kind} == set()


def test_revenue_is_of_purchases_alone_and_each_reported_type_is_counted(made: Synthesise) -> None:
    found = made("collect", ON).properties("Personalize::MetricAttribution")
    assert [(one["MetricName"], one["EventType"], one["Expression"]) for one in found["Metrics"]] == [
        ("personalize-broker-revenue", "purchase", "SUM(Interactions.EVENT_VALUE)"),
        ("personalize-broker-purchase-count", "purchase", "SAMPLECOUNT()"),
        ("personalize-broker-view_detail-count", "view_detail", "SAMPLECOUNT()"),
        ("personalize-broker-add_to_cart-count", "add_to_cart", "SAMPLECOUNT()"),
        ("personalize-broker-add_to_wishlist-count", "add_to_wishlist", "SAMPLECOUNT()"),
    ]


@pytest.mark.parametrize(
    ("event_types", "event_value", "expected"),
    [
        ({"purchase": "Purchase", "checkout": "Purchase"}, True, ["shop-revenue", "shop-Purchase-count"]),
        ({"purchase": "purchase"}, False, ["shop-purchase-count"]),
        ({"view_detail": "View"}, True, ["shop-View-count"]),
    ],
)
def test_there_is_no_revenue_without_purchases_or_amounts(
    event_types: dict[str, str], event_value: bool, expected: list[str]
) -> None:
    assert [metric.name for metric in attributed_metrics("shop", event_types, event_value=event_value)] == expected


def test_a_broker_that_reports_everything_has_ten_metrics_and_names_that_fit() -> None:
    many = {f"action{number}": f"{'x' * 240}{number}" for number in range(11)} | {"purchase": "y" * 256}
    metrics = attributed_metrics("b" * 40, many, event_value=True)
    assert len(metrics) == len({metric.name for metric in metrics}) == 10
    assert max(len(metric.name) for metric in metrics) <= 256
    assert {metric.event_type for metric in metrics[:2]} == {"y" * 256}


def test_its_role_puts_metrics_and_reports_and_only_personalize_of_this_account_takes_it(made: Synthesise) -> None:
    stack = made("collect", ON)
    role = stack.properties("IAM::Role", "Attribution")
    statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    assert [one["Action"] for one in statements] == ["cloudwatch:PutMetricData", "s3:PutObject"]
    assert "/attribution/*" in json.dumps(statements[1]["Resource"])
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "personalize.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    bucket_policy = json.dumps(stack.properties("S3::BucketPolicy", "Imports"))
    assert "/attribution/*" in bucket_policy
    assert "/attribution/*" not in json.dumps(made("collect").properties("S3::BucketPolicy", "Imports"))


def test_ingest_then_never_cuts_a_call_short_which_might_count_twice(made: Synthesise) -> None:
    assert made("recommend", ON).variables("Ingest")["METRIC_ATTRIBUTION"] == "on"
    assert "METRIC_ATTRIBUTION" not in made("recommend").variables("Ingest")


def test_it_goes_with_the_stack_since_it_costs_and_needs_its_role(made: Synthesise) -> None:
    attribution = made("collect", ON).the("Personalize::MetricAttribution")
    assert attribution.get("DeletionPolicy", "Delete") == "Delete"


def test_an_existing_dataset_group_is_not_the_stacks_to_report_on() -> None:
    with pytest.raises(SettingsError, match="metric_attribution is for resources that are created"):
        read_settings(CDK_JSON["context"] | FULL | GIVEN | ON, "recommend", ROOT)


def test_its_metrics_cost_for_each_source() -> None:
    less, more = (
        {item.name: item.quantity for item in bill(ONE_PER_SECOND, settings, PRICES).items}
        for settings in (read_settings(CDK_JSON["context"] | own, "collect", ROOT) for own in ({}, ON))
    )
    assert more["CloudWatch metrics"] - less["CloudWatch metrics"] == Decimal(5 * ATTRIBUTION_SOURCES)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with start_service("personalize_local", ["--lag", "0"]) as process:
        yield Aws(process.url)


def test_the_template_as_it_is_can_be_created_and_deleted(aws: Aws, made: Synthesise) -> None:
    deployer = Deployer(aws)
    assert set(deployer.deploy(made("collect", ON).template)) >= {"MetricAttribution", "EventTracker"}
    metrics = aws.control.list_metric_attribution_metrics(metricAttributionArn=deployer.the("MetricAttribution"))
    assert {metric["eventType"] for metric in metrics["metrics"]} == set(FOUR)
    deployer.delete()
    assert aws.control.list_metric_attributions()["metricAttributions"] == []
