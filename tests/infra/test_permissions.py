"""What each function may do, and what it may not: read from the template (ministack enforces it elsewhere)."""

import json
from typing import Any

import pytest

from tests.infra.conftest import Synthesise
from tests.infra.synthesis import GIVEN, Synthesised


def actions(statements: list[dict[str, Any]]) -> set[str]:
    """Return all actions of some statements."""
    named = (statement["Action"] for statement in statements)
    return {one for many in named for one in ([many] if isinstance(many, str) else many)}


def may(synthesised: Synthesised, role: str, action: str) -> Any:
    """Return on which resource a role may do something."""
    (statement,) = (one for one in synthesised.statements(role) if action in actions([one]))
    return statement["Resource"]


def test_ingest_reads_the_stream_puts_events_and_asks_for_refreshes(made: Synthesise) -> None:
    assert actions(made("recommend").statements("Ingest")) == {
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "personalize:PutEvents",
        "sqs:SendMessage",
        "s3:PutObject",
        "s3:ListBucket",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


@pytest.mark.parametrize(("role", "action"), [("Ingest", "sqs:SendMessage"), ("Refresh", "sqs:ReceiveMessage")])
def test_both_functions_reach_the_two_queues_and_not_the_dead_letters(made: Synthesise, role: str, action: str) -> None:
    recommend = made("recommend")
    queues = [id for id, queue in recommend.of_type("SQS::Queue").items() if "RedrivePolicy" in queue["Properties"]]

    assert len(queues) == 2
    reached = [resource["Fn::GetAtt"] for resource in may(recommend, role, action)]
    assert sorted(reached) == sorted([id, "Arn"] for id in queues)


def test_refresh_reads_the_queues_the_secret_and_recommendations(made: Synthesise) -> None:
    assert actions(made("recommend").statements("Refresh")) == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "personalize:GetRecommendations",
        "secretsmanager:GetSecretValue",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "s3:PutObject",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


def test_refresh_reaches_the_table_of_states_and_no_other(made: Synthesise) -> None:
    recommend = made("recommend")
    (table,) = recommend.of_type("DynamoDB::Table")

    assert may(recommend, "Refresh", "dynamodb:UpdateItem") == {"Fn::GetAtt": [table, "Arn"]}


def test_the_daily_check_describes_and_reads_metrics_and_changes_nothing(made: Synthesise) -> None:
    assert actions(made("recommend").statements("DailyCheck")) == {
        "cloudwatch:GetMetricData",
        "personalize:DescribeCampaign",
        "personalize:DescribeEventTracker",
        "personalize:DescribeSolution",
        "personalize:DescribeSolutionVersion",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


@pytest.mark.parametrize("role", ["Ingest", "Refresh", "DailyCheck"])
def test_only_what_aws_forces_is_allowed_everywhere(made: Synthesise, role: str) -> None:
    everywhere = [statement for statement in made("recommend").statements(role) if statement["Resource"] == "*"]

    assert actions(everywhere) == FORCED[role]


FORCED: dict[str, set[str]] = {
    "Ingest": {"personalize:PutEvents"},
    "Refresh": set(),
    "DailyCheck": {"cloudwatch:GetMetricData"},
}


@pytest.mark.parametrize("role", ["Ingest", "Refresh"])
def test_each_function_quarantines_into_its_own_folder(made: Synthesise, role: str) -> None:
    written = [
        json.dumps(statement["Resource"])
        for statement in made("recommend").statements(role)
        if statement["Action"] == "s3:PutObject"
    ]

    assert any("Quarantine" in one and f"/{role.lower()}/*" in one for one in written)
    assert all("Quarantine" not in one or f"/{role.lower()}/*" in one for one in written)


def test_the_on_failure_bucket_can_be_written_to_and_listed_but_not_read_or_emptied(made: Synthesise) -> None:
    on_bucket = [
        statement
        for statement in made("collect").statements("Ingest")
        if "OnFailure" in json.dumps(statement["Resource"])
    ]

    assert actions(on_bucket) == {"s3:PutObject", "s3:ListBucket"}


def test_given_resources_are_named_exactly(made: Synthesise) -> None:
    given = made("recommend", GIVEN)

    assert may(given, "Refresh", "personalize:GetRecommendations") == [
        GIVEN["broker:campaign_arn"],
        GIVEN["broker:filter_arn"],
    ]
    assert may(given, "DailyCheck", "personalize:DescribeCampaign") == GIVEN["broker:campaign_arn"]


@pytest.mark.parametrize("role", ["Ingest", "Refresh", "DailyCheck"])
def test_no_role_has_a_policy_beside_its_own(made: Synthesise, role: str) -> None:
    recommend = made("recommend")
    properties = recommend.role(role)

    assert "ManagedPolicyArns" not in properties
    assert len(recommend.of_type("IAM::Policy")) == 1  # mParticle's


LISTED = {"broker:suppression_list": True}


def test_without_the_setting_there_is_no_suppression_list(made: Synthesise) -> None:
    assert not [id for id in made("recommend").template["Resources"] if "Suppression" in id]


@pytest.mark.parametrize("role", ["Ingest", "Refresh"])
def test_a_function_may_read_the_suppression_list_and_its_key_and_neither_write_nor_read_anything_beside(
    made: Synthesise, role: str
) -> None:
    listed = made("recommend", LISTED)
    bucket, key = (
        next(id for id in listed.of_type(kind) if "Suppression" in id)
        for kind in ("S3::Bucket", "SecretsManager::Secret")
    )
    more = [one for one in listed.statements(role) if one not in made("recommend").statements(role)]

    assert {one["Action"]: one["Resource"] for one in more} == {
        "s3:GetObject": {"Fn::Join": ["", [{"Fn::GetAtt": [bucket, "Arn"]}, "/suppressed.json"]]},
        "s3:ListBucket": {"Fn::GetAtt": [bucket, "Arn"]},
        "secretsmanager:GetSecretValue": {"Fn::GetAtt": [key, "Id"]},
    }
    assert listed.variables(role)["CONTROL_BUCKET"] == {"Ref": bucket}
    assert listed.variables(role)["SUPPRESSION_KEY_ARN"] == {"Fn::GetAtt": [key, "Id"]}


def test_the_suppression_list_and_its_key_outlive_the_stack_and_nothing_of_it_expires(made: Synthesise) -> None:
    listed = made("recommend", LISTED)

    for kind in ("S3::Bucket", "SecretsManager::Secret"):
        assert listed.the(kind, "Suppression")["DeletionPolicy"] == "RetainExceptOnCreate"
    assert "LifecycleConfiguration" not in listed.properties("S3::Bucket", "Suppression")


KEYS = {"broker:record_logs": True}
SUPPORT = "arn:aws:iam::123456789012:role/support"
WHY = {**KEYS, "broker:why_principals": SUPPORT}


def test_without_the_settings_there_are_no_keys_of_correlation_ids_and_no_role_to_read(made: Synthesise) -> None:
    recommend = made("recommend")
    assert len(recommend.of_type("DynamoDB::Table")) == 1
    assert not [id for id in recommend.of_type("IAM::Role") if id.startswith("Why")]
    assert "CORRELATION_TABLE" not in recommend.variables("Ingest")


@pytest.mark.parametrize("role", ["Ingest", "Refresh"])
def test_a_function_that_logs_records_reads_and_makes_keys_and_does_nothing_else_to_them(
    made: Synthesise, role: str
) -> None:
    (table,) = [id for id in made("recommend", KEYS).of_type("DynamoDB::Table") if "Correlation" in id]
    of_keys = [one for one in made("recommend", KEYS).statements(role) if table in json.dumps(one["Resource"])]

    assert actions(of_keys) == {"dynamodb:GetItem", "dynamodb:PutItem"}
    assert made("recommend", KEYS).variables(role)["CORRELATION_TABLE"] == {"Ref": table}


def test_keys_expire_and_go_with_the_stack(made: Synthesise) -> None:
    table = made("collect", KEYS).the("DynamoDB::Table", "Correlation")

    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert "PointInTimeRecoverySpecification" not in table["Properties"]
    assert table["DeletionPolicy"] == "Delete"


def test_the_role_of_why_reads_and_only_named_principals_take_it(made: Synthesise) -> None:
    with_role = made("recommend", WHY)
    statements = with_role.statements("Why")

    assert actions(statements) == {
        "cloudformation:DescribeStacks",
        "lambda:GetFunctionConfiguration",
        "logs:FilterLogEvents",
        "dynamodb:GetItem",
        "sqs:GetQueueAttributes",
        "personalize:GetRecommendations",
    }
    assert not [one for one in statements if one["Resource"] == "*"]
    trust = with_role.properties("IAM::Role", "Why")["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Principal"] for one in trust] == [{"AWS": SUPPORT}]


def test_before_recommend_the_role_of_why_reads_what_there_is(made: Synthesise) -> None:
    assert actions(made("collect", WHY).statements("Why")) == {
        "cloudformation:DescribeStacks",
        "lambda:GetFunctionConfiguration",
        "logs:FilterLogEvents",
        "dynamodb:GetItem",
    }


REWIND = LISTED | {"broker:rewind": True}


def test_rewind_may_what_ingest_may_but_for_the_queues_and_beside_it_only_read_its_plan_and_say_how_far_it_is(
    made: Synthesise,
) -> None:
    stack = made("recommend", REWIND)
    ingest = [one for one in stack.statements("Ingest") if "logs:" not in json.dumps(one)]
    rewind = [one for one in stack.statements("Rewind") if "logs:" not in json.dumps(one)]
    more = {one["Action"]: json.dumps(one["Resource"]) for one in rewind if one not in ingest}

    assert [one["Action"] for one in ingest if one not in rewind] == ["sqs:SendMessage"]
    assert sorted(more) == ["s3:GetObject", "s3:PutObject"]
    assert "/rewind/plan.json" in more["s3:GetObject"]
    assert "/rewind/progress/*" in more["s3:PutObject"]
    assert "Queue" not in json.dumps(rewind)
    assert "Queue" not in json.dumps(stack.variables("Rewind"))


def test_rewind_has_its_own_share_of_the_quota_and_no_mapping_until_the_command_makes_one(made: Synthesise) -> None:
    stack = made("recommend", REWIND | {"broker:put_events_per_second": 400})

    assert stack.variables("Rewind")["PUT_EVENTS_PER_SECOND"] == "80"
    assert stack.variables("Ingest")["PUT_EVENTS_PER_SECOND"] == "400"
    assert len(stack.of_type("Lambda::EventSourceMapping")) == 3
    assert not [id for id in made("recommend").template["Resources"] if "Rewind" in id]
