"""The table of impressions: nothing of it by default; with it, the rights that its readers and writers need."""

import json
from decimal import Decimal

from infra.cost.bill import ALARM_METRICS, IMPRESSION_ALARM_METRICS, IMPRESSION_METRICS, METRICS, bill
from infra.paths import ROOT
from infra.recipe_effects import effects
from infra.settings import Stage, read_settings
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON
from tests.infra.test_cost import ONE_PER_SECOND, PRICES
from tests.infra.test_monitoring import alarms, metrics_of
from tests.infra.test_second_tracker import _variables

ON = {"broker:impression_list": "recommendations"}
SECOND = {
    "broker:suppression_list": True,
    "broker:rewind": True,
    "broker:second_tracking_id": "99998888-7777-6666-5555-444433332222",
}


def test_by_default_nobody_reads_impressions(made: Synthesise) -> None:
    stack = made("recommend")
    assert "IMPRESSION_LIST" not in stack.variables("Ingest")
    assert [id for id in stack.template["Resources"] if "mpressions" in id] == []
    assert "ImpressionsTable" not in stack.template["Outputs"]


def test_ingest_reads_and_writes_the_table_and_may_nothing_else_of_it(made: Synthesise) -> None:
    stack = made("recommend", ON)
    (table,) = (id for id in stack.of_type("DynamoDB::Table") if id.startswith("Impressions"))
    variables = stack.variables("Ingest")
    assert variables["IMPRESSION_LIST"] == "recommendations"
    assert variables["IMPRESSIONS_TABLE"] == {"Ref": table} == stack.template["Outputs"]["ImpressionsTable"]["Value"]
    granted = [one for one in stack.statements("Ingest") if "dynamodb" in json.dumps(one)]
    assert [(one["Action"], one["Resource"]) for one in granted] == [
        (["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"], {"Fn::GetAtt": [table, "Arn"]})
    ]
    assert table not in json.dumps(stack.statements("Refresh"))


def test_items_expire_and_the_table_goes_with_the_stack(made: Synthesise) -> None:
    stack = made("recommend", ON)
    (resource,) = (one for id, one in stack.of_type("DynamoDB::Table").items() if id.startswith("Impressions"))
    assert resource["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert resource["Properties"]["KeySchema"] == [{"AttributeName": "mpid", "KeyType": "HASH"}]
    assert resource["DeletionPolicy"] == "Delete"


def test_a_second_ingest_shares_the_table_and_rewind_knows_nothing_of_it(made: Synthesise) -> None:
    stack = made("recommend", ON | SECOND)
    names = "IMPRESSION_LIST", "IMPRESSIONS_TABLE"
    first, second = ([_variables(stack, function)[name] for name in names] for function in ("Ingest", "Second"))
    assert first == second
    assert set(names) & stack.variables("Rewind").keys() == set()


def test_with_a_key_of_ones_own_ingest_may_use_it_for_the_table(made: Synthesise) -> None:
    stack = made("recommend", ON | {"broker:kms_key": "create"})
    granted = {action for one in stack.statements("Ingest") for action in _listed(one["Action"])}
    assert {"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:Encrypt"} <= granted


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_alarm_metrics_and_units_of_the_table_are_on_the_bill(made: Synthesise) -> None:
    """2,628,000 events a month, with 0.2 impressions each: a read unit and two write units for each."""
    settings = read_settings(CDK_JSON["context"] | ON, "collect", ROOT)
    quantities = {item.name: item.quantity for item in bill(ONE_PER_SECOND, settings, PRICES).items}
    found = alarms(made("collect", ON))
    assert sum(len(metrics_of(alarm)) for alarm in found.values()) == quantities["CloudWatch alarms"]
    assert quantities["CloudWatch alarms"] == ALARM_METRICS[Stage.COLLECT] + IMPRESSION_ALARM_METRICS
    assert quantities["CloudWatch metrics"] == METRICS[Stage.COLLECT] + IMPRESSION_METRICS
    assert quantities["Impressions reads"] * 2 == quantities["Impressions writes"] == Decimal("1.0512")


def test_the_alarm_rings_when_the_table_fails_for_a_quarter_of_an_hour(made: Synthesise) -> None:
    alarm = alarms(made("collect", ON))["impressions-failed"]
    assert (alarm["MetricName"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("ImpressionsFailed", 0, 3)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_what_a_recipe_makes_of_impressions_is_said() -> None:
    def said(**own: object) -> list[str]:
        return effects(read_settings(CDK_JSON["context"] | {f"broker:{key}": value for key, value in own.items()}))

    assert said() == []
    [text] = said(impression_list="slot")
    assert text.startswith("broker:impression_list: aws-user-personalization-v2 does not train on impressions")
    assert said(impression_list="slot", recipe="aws-user-personalization") == []
