"""Users and items from the stream: nothing of it by default; with it, what its parts may do, and what is told."""

import json
from decimal import Decimal
from typing import Any

import pytest
from broker.metadata.columns import columns_from_json
from broker.metric_names import Metric

from infra.cost.bill import (
    ALARM_METRICS,
    METADATA_ALARM_METRICS,
    METADATA_METRICS,
    METRICS,
    bill,
)
from infra.paths import ROOT
from infra.settings import Settings, SettingsError, Stage, read_settings
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON
from tests.infra.test_cost import ONE_PER_SECOND, PRICES
from tests.infra.test_monitoring import alarms, counted, metrics_of
from tests.infra.test_permissions import actions, may

USERS = {
    "broker:users_schema": "examples/schemas/users.avsc",
    "broker:user_columns": '{"AGE_BAND": "age_band", "MEMBER_LEVEL": "member_level"}',
}
ITEMS = {
    "broker:items_schema": "examples/schemas/items.avsc",
    "broker:item_columns": '{"NAME": "name", "BRAND": "brand", "CATEGORY": "category", "PRICE": "price"}',
}
ON = USERS | ITEMS


def settings_with(**own: Any) -> Settings:
    context = CDK_JSON["context"] | ON | {f"broker:{key}": value for key, value in own.items()}
    return read_settings(context, root=ROOT)


def metadata_of(synthesised: Any, kind: str) -> dict[str, Any]:
    return {id: one for id, one in synthesised.of_type(kind).items() if id.startswith("Metadata")}


def test_by_default_there_is_nothing_of_it(made: Synthesise) -> None:
    stack = made("recommend")
    assert [id for id in stack.template["Resources"] if "Metadata" in id] == []
    assert [name for name in stack.template["Outputs"] if "Metadata" in name] == []
    assert {"USER_COLUMNS", "METADATA_TABLE", "ITEM_UPDATES"} & stack.variables("IngestFunction").keys() == set()


def test_a_schema_alone_switches_nothing_on(made: Synthesise) -> None:
    stack = made("collect", {key: value for key, value in ON.items() if key.endswith("schema")})
    assert metadata_of(stack, "SQS::Queue") == {}


def test_ingest_and_put_metadata_know_the_same_columns_table_and_queue(made: Synthesise) -> None:
    stack = made("collect", ON)
    ingest, sender = stack.variables("IngestFunction"), stack.variables("PutMetadata")
    shared = ("USER_COLUMNS", "ITEM_COLUMNS", "ITEM_UPDATES", "METADATA_TABLE")
    assert [ingest[name] for name in shared] == [sender[name] for name in shared]
    assert ingest["ITEM_UPDATES"] == "add"
    assert [column.name for column in columns_from_json(ingest["ITEM_COLUMNS"])] == [
        *("NAME", "BRAND", "CATEGORY", "PRICE"),
        "CREATION_TIMESTAMP",
    ]
    outputs = stack.template["Outputs"]
    assert ingest["METADATA_TABLE"] == outputs["MetadataTable"]["Value"]
    assert ingest["METADATA_QUEUE_URL"] == outputs["MetadataQueueUrl"]["Value"]


def test_one_dataset_may_be_mapped_without_the_other(made: Synthesise) -> None:
    variables = made("collect", ITEMS).variables("PutMetadata")
    assert {"USER_COLUMNS", "USERS_DATASET_ARN"} & variables.keys() == set()
    assert "ItemsDataset" in json.dumps(variables["ITEMS_DATASET_ARN"])


def test_the_queue_is_first_in_first_out_and_read_by_tens(made: Synthesise) -> None:
    stack = made("collect", ON)
    queues = [queue["Properties"] for queue in metadata_of(stack, "SQS::Queue").values()]
    assert [queue["FifoQueue"] for queue in queues] == [True, True]
    (own,) = (queue for queue in queues if "RedrivePolicy" in queue)
    (mapping,) = metadata_of(stack, "Lambda::EventSourceMapping").values()
    assert mapping["Properties"]["BatchSize"] == 10
    assert "MaximumBatchingWindowInSeconds" not in mapping["Properties"]
    assert own["VisibilityTimeout"] >= 6 * stack.properties("Lambda::Function", "PutMetadata")["Timeout"]


def test_nobody_may_do_more_than_it_does(made: Synthesise) -> None:
    stack = made("recommend", ON)
    (table,) = metadata_of(stack, "DynamoDB::Table")
    sender = {action for action in actions(stack.statements("MetadataPutMetadata")) if not action.startswith("logs:")}
    assert sender == {
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"),
        *("sqs:SendMessage", "dynamodb:BatchGetItem", "dynamodb:PutItem"),
        *("personalize:PutUsers", "personalize:PutItems"),
    }
    assert "UsersDataset" in json.dumps(may(stack, "MetadataPutMetadata", "personalize:PutUsers"))
    assert may(stack, "Ingest", "dynamodb:PutItem") == {"Fn::GetAtt": [table, "Arn"]}
    assert {"personalize:PutUsers", "personalize:PutItems"} & actions(stack.statements("Ingest")) == set()
    assert table not in json.dumps(stack.statements("Refresh"))


def test_the_table_stays_with_the_datasets_and_forgets_users(made: Synthesise) -> None:
    for context, policy in (({}, "Retain"), ({"broker:on_destroy": "delete"}, "Delete")):
        (table,) = metadata_of(made("collect", ON | context), "DynamoDB::Table").values()
        assert table["DeletionPolicy"].startswith(policy)
        assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
        assert table["Properties"]["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]


def test_with_a_key_of_ones_own_both_functions_may_use_it(made: Synthesise) -> None:
    stack = made("collect", ON | {"broker:kms_key": "create"})
    for role in ("Ingest", "MetadataPutMetadata"):
        wanted = {"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:Encrypt"}
        assert wanted <= actions(stack.statements(role))


def test_a_suppression_list_is_read_by_put_metadata_too(made: Synthesise) -> None:
    assert "CONTROL_BUCKET" in made("collect", ON | {"broker:suppression_list": True}).variables("PutMetadata")


def test_rewind_and_a_second_dataset_group_leave_users_and_items_alone(made: Synthesise) -> None:
    second = {"broker:suppression_list": True, "broker:rewind": True, "broker:second_tracking_id": "t"}
    stack = made("recommend", ON | second)
    for function in ("SecondIngestFunction", "RewindFunction"):
        assert "METADATA_TABLE" not in stack.variables(function)


def test_each_way_to_fail_has_an_alarm(made: Synthesise) -> None:
    found = alarms(made("collect", ON)).keys() - alarms(made("collect")).keys()
    assert found == {
        *("put-metadata-errors", "put-metadata-throttles", "put-metadata-configuration"),
        *("metadata-failed", "metadata-refused", "metadata-late", "metadata-dead-letters"),
    }


def test_alarms_metrics_and_units_are_on_the_bill(made: Synthesise) -> None:
    """2,628,000 events a month, one in ten with a change: a read unit for each event and each change."""
    settings = settings_with(stage="collect")
    quantities = {item.name: item.quantity for item in bill(ONE_PER_SECOND, settings, PRICES).items}
    found = alarms(made("collect", ON))
    assert sum(len(metrics_of(alarm)) for alarm in found.values()) == quantities["CloudWatch alarms"]
    assert quantities["CloudWatch alarms"] == ALARM_METRICS[Stage.COLLECT] + METADATA_ALARM_METRICS
    assert quantities["CloudWatch metrics"] == METRICS[Stage.COLLECT] + METADATA_METRICS
    of_functions = counted("metadata") | counted("put metadata") | {Metric.CONFIGURATION_ERRORS}
    shared = {Metric.METADATA_FAILED}  # which both functions write
    assert len(of_functions - {Metric.SKIPPED}) + len(shared) == METADATA_METRICS
    assert quantities["Users and items reads"] == Decimal("2.8908")
    assert quantities["Users and items writes"] == Decimal("1.0512")
    merging = {item.name: item for item in bill(ONE_PER_SECOND, settings_with(item_updates="merge"), PRICES).items}
    assert merging["Users and items reads"].quantity == Decimal("5.5188")


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({"user_columns": {"AGE": "age"}}, "user_columns names AGE, which the schema does not have"),
        ({"user_columns": {"AGE_BAND": "product_recs"}}, "user_columns fills AGE_BAND from product_recs, which the"),
        ({"item_columns": {"PRICE": "price"}}, "item_columns has no source for NAME, which may not be empty"),
        ({"item_columns": {"NAME": "name", "PRICE": "brand"}}, "item_columns fills PRICE of type float from brand"),
        ({"items_schema": ""}, "item_columns needs items_schema: without one there is no dataset"),
        ({"items_schema": "none.avsc"}, "items_schema must name a file with an Avro schema"),
        ({"item_columns": "name"}, "item_columns must name a source for each column"),
        ({"item_columns": {"NAME": ""}}, "item_columns must name a source for each column"),
        ({"item_updates": "replace"}, "item_updates must be one of add, merge"),
        ({"item_columns": {}, "item_updates": "merge"}, "item_updates is merge, but item_columns is missing"),
        ({"user_columns": {"AGE_BAND": "x" * 2_500}}, "user_columns and item_columns are too long"),
    ],
)
def test_what_does_not_fit_the_schema_is_said_before_anything_is_deployed(own: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=f"^  broker:{problem}"):
        settings_with(**own)


def test_existing_resources_are_refused() -> None:
    with pytest.raises(SettingsError, match="user_columns is for resources that are created, but tracking_id names"):
        settings_with(tracking_id="t", users_schema="", items_schema="", item_columns={})


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        settings_with(user_columns={"AGE": "age", "USER_ID": "id"}, item_columns={"COLOUR": "colour"})
    assert len(str(error.value).splitlines()) == 4
