"""What the template says of stream, role, functions, queues and buckets."""

import json
from typing import Any

import pytest
from broker import __version__

from tests.infra.conftest import Synthesise
from tests.infra.synthesis import Synthesised

DAY = 86_400


def test_the_stream_is_on_demand_encrypted_and_remembers_three_days(made: Synthesise) -> None:
    assert made("collect").properties("Kinesis::Stream") == {
        "MaxRecordSizeInKiB": 4096,
        "RetentionPeriodHours": 72,
        "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
    }


def test_a_provisioned_stream_has_its_shards(made: Synthesise) -> None:
    stream = made("collect", {"broker:stream_mode": "provisioned", "broker:shards": "3"}).properties("Kinesis::Stream")

    assert (stream["StreamModeDetails"], stream["ShardCount"]) == ({"StreamMode": "PROVISIONED"}, 3)


def test_mparticles_role_has_its_exact_name_and_trusts_only_mparticle_for_this_organisation(made: Synthesise) -> None:
    role = made("collect").properties("IAM::Role", "MParticle")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert role["RoleName"] == "mparticle-kinesis-role"
    assert "Policies" not in role
    assert "ManagedPolicyArns" not in role
    assert trust["Action"] == "sts:AssumeRole"
    assert trust["Condition"].keys() == {"StringEquals"}
    assert trust["Condition"]["StringEquals"].keys() == {"sts:ExternalId", "aws:PrincipalArn"}
    assert trust["Condition"]["StringEquals"]["sts:ExternalId"] == "orgid:5001234"
    assert sorted(trust["Condition"]["StringEquals"]["aws:PrincipalArn"]) == [
        "arn:aws:iam::338661164609:role/role-ecs-mp-notification-httpservertoserverprocessor",
        "arn:aws:iam::338661164609:role/role-lambda-verifyrequest",
    ]


def test_the_trust_policy_names_accounts_so_that_no_role_has_to_exist_when_it_is_created(made: Synthesise) -> None:
    """IAM keeps a principal that is a role by its internal id, which a role that is created again does not have."""
    for arns in ([], ["arn:aws:iam::583371261087:role/a", "arn:aws:iam::386705975570:role/path/b"]):
        settings = {"broker:mparticle_principals": ",".join(arns)}
        role = made("collect", settings).properties("IAM::Role", "MParticle")
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        named = trust["Principal"]["AWS"]
        accounts = {
            "".join(part if isinstance(part, str) else part["Ref"] for part in principal["Fn::Join"][1])
            for principal in (named if isinstance(named, list) else [named])
        }
        roles = trust["Condition"]["StringEquals"]["aws:PrincipalArn"]
        expected = {role.split(":")[4] for role in (roles if isinstance(roles, list) else [roles])}

        assert accounts == {f"arn:AWS::Partition:iam::{account}:root" for account in expected}


def test_mparticle_may_put_records_on_this_stream_and_nothing_else(made: Synthesise) -> None:
    collect = made("collect")
    (stream,) = collect.of_type("Kinesis::Stream")

    assert collect.properties("IAM::Policy")["PolicyDocument"]["Statement"] == [
        {"Action": "kinesis:PutRecord", "Effect": "Allow", "Resource": {"Fn::GetAtt": [stream, "Arn"]}}
    ]


def test_a_second_stack_attaches_a_policy_of_its_own_name_to_the_existing_role(made: Synthesise) -> None:
    second = made("collect", {"broker:mparticle_role": "existing", "broker:name": "second"})

    assert not [id for id in second.of_type("IAM::Role") if "MParticle" in id]
    assert second.properties("IAM::Policy")["Roles"] == ["mparticle-kinesis-role"]
    # Under the same name it would take the place of the first stack's policy on that role.
    assert second.properties("IAM::Policy")["PolicyName"] == "second-put-record"
    assert made("collect").properties("IAM::Policy")["PolicyName"] == "personalize-broker-put-record"


def test_principals_of_another_pod_are_those_given(made: Synthesise) -> None:
    arns = ["arn:aws:iam::583371261087:role/one", "arn:aws:iam::583371261087:role/two"]
    european = made("collect", {"broker:mparticle_pod": "eu1", "broker:mparticle_principals": ",".join(arns)})

    (trust,) = european.properties("IAM::Role", "MParticle")["AssumeRolePolicyDocument"]["Statement"]
    assert sorted(trust["Condition"]["StringEquals"]["aws:PrincipalArn"]) == arns


@pytest.mark.parametrize("function", ["Ingest", "Refresh"])
def test_a_function_runs_on_arm_without_traces_with_a_log_in_json_that_ends(made: Synthesise, function: str) -> None:
    recommend = made("recommend")
    properties = recommend.properties("Lambda::Function", function)

    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert "TracingConfig" not in properties  # nothing in the functions makes traces
    assert properties["Handler"] == f"broker.{function.lower()}.handler"
    assert properties["LoggingConfig"].keys() == {"LogFormat", "LogGroup"}
    assert properties["LoggingConfig"]["LogFormat"] == "JSON"
    log_group = properties["LoggingConfig"]["LogGroup"]["Ref"]
    assert recommend.template["Resources"][log_group]["Properties"]["RetentionInDays"] == 30


def test_both_functions_run_the_same_zip(made: Synthesise) -> None:
    functions = made("recommend").of_type("Lambda::Function").values()

    assert len({json.dumps(function["Properties"]["Code"]) for function in functions}) == 1


def test_the_stream_is_read_from_its_beginning_and_nothing_of_it_is_dropped(made: Synthesise) -> None:
    recommend = made("recommend")
    mapping = recommend.properties("Lambda::EventSourceMapping", "Stream")
    bucket = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]

    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == -1
    # An on-failure bucket gets what is given up a day before the stream forgets it.
    assert mapping["MaximumRecordAgeInSeconds"] == 3 * DAY - DAY
    assert "OnFailure" in bucket
    assert recommend.template["Resources"][bucket]["Type"] == "AWS::S3::Bucket"


def queues(synthesised: Synthesised) -> list[tuple[str, dict[str, Any]]]:
    """Return the queue of dead letters, that of purchases, and that of all other refreshes: id and properties."""
    found = [(id, value["Properties"]) for id, value in synthesised.of_type("SQS::Queue").items()]
    return sorted(found, key=lambda item: ("RedrivePolicy" in item[1], "Purchases" not in item[0]))


def test_the_queues_outlast_the_function_and_their_dead_letters_outlast_them(made: Synthesise) -> None:
    recommend = made("recommend")
    function = recommend.properties("Lambda::Function", "Refresh")
    (dead_id, dead), (_, purchases), (_, others) = queues(recommend)

    assert purchases == others
    assert others["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert others["DelaySeconds"] == 5
    assert others["SqsManagedSseEnabled"] is dead["SqsManagedSseEnabled"] is True
    assert others["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [dead_id, "Arn"]}
    assert dead["MessageRetentionPeriod"] == 14 * DAY > others["MessageRetentionPeriod"]


def test_both_queues_are_read_by_one_function_in_batches_with_partial_answers_and_bounded(made: Synthesise) -> None:
    recommend = made("recommend")
    _, *read = queues(recommend)
    for (id, _), name in zip(read, ("Purchase", "Queue"), strict=True):
        mapping = recommend.properties("Lambda::EventSourceMapping", name)

        assert mapping["EventSourceArn"] == {"Fn::GetAtt": [id, "Arn"]}
        assert "RefreshLive" in str(mapping["FunctionName"])
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
        assert mapping["BatchSize"] == 1000
        assert mapping["MaximumBatchingWindowInSeconds"] >= 1


def test_each_queue_has_its_own_output_and_variable(made: Synthesise) -> None:
    recommend = made("recommend")
    _, (purchases, _), (others, _) = queues(recommend)
    variables, outputs = recommend.variables("Ingest"), recommend.template["Outputs"]

    for id, variable, output in (
        (purchases, "PURCHASE_QUEUE_URL", "PurchaseQueueUrl"),
        (others, "REFRESH_QUEUE_URL", "RefreshQueueUrl"),
    ):
        assert variables[variable] == outputs[output]["Value"] == {"Ref": id}


@pytest.mark.parametrize(("total", "purchases"), [(4, 2), (8, 2), (11, 2), (12, 3), (1000, 250)])
def test_a_quarter_of_the_concurrency_is_reserved_for_purchases_and_the_sum_is_what_the_function_knows(
    made: Synthesise, total: int, purchases: int
) -> None:
    template = made("recommend", {"broker:refresh_concurrency": total})
    mappings = [template.properties("Lambda::EventSourceMapping", name) for name in ("Purchase", "Queue")]
    shares = [mapping["ScalingConfig"]["MaximumConcurrency"] for mapping in mappings]

    assert shares == [purchases, total - purchases]
    assert int(template.variables("Refresh")["MAXIMUM_CONCURRENCY"]) == sum(shares)


def test_capacity_is_set_on_the_mappings_and_in_the_functions(made: Synthesise) -> None:
    numbers = {
        "put_events_per_second": 3000,
        "get_recommendations_per_second": 700,
        "mparticle_batches_per_second": 900,
        "parallelization_factor": 5,
        "stream_window": 10,
        "refresh_window": 7,
        "refresh_concurrency": 6,
        "ingest_memory": 1024,
        "refresh_memory": 1769,
    }
    template = made("recommend", {f"broker:{name}": value for name, value in numbers.items()})
    stream, queue, purchases = (
        template.properties("Lambda::EventSourceMapping", name) for name in ("Stream", "Queue", "Purchase")
    )
    ingest, refresh = template.variables("Ingest"), template.variables("Refresh")

    assert (stream["ParallelizationFactor"], stream["MaximumBatchingWindowInSeconds"]) == (5, 10)
    assert (queue["MaximumBatchingWindowInSeconds"], queue["ScalingConfig"]) == (7, {"MaximumConcurrency": 4})
    assert (purchases["MaximumBatchingWindowInSeconds"], purchases["ScalingConfig"]) == (7, {"MaximumConcurrency": 2})
    assert (ingest["PUT_EVENTS_PER_SECOND"], ingest["PARALLELIZATION_FACTOR"]) == ("3000", "5")
    assert refresh["GET_RECOMMENDATIONS_PER_SECOND"] == "700"
    assert (refresh["MPARTICLE_BATCHES_PER_SECOND"], refresh["MAXIMUM_CONCURRENCY"]) == ("900", "6")
    memory = [template.properties("Lambda::Function", name)["MemorySize"] for name in ("Ingest", "Refresh")]
    assert memory == [1024, 1769]


def test_buckets_are_private_encrypted_and_forget(made: Synthesise) -> None:
    buckets = made("collect").of_type("S3::Bucket")

    assert len(buckets) == 3
    for id, bucket in buckets.items():
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["BucketEncryption"]
        days = 30 if "Imports" in id else 90
        assert properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == days


def test_queues_and_buckets_take_tls_only(made: Synthesise) -> None:
    recommend = made("recommend")
    policies = [*recommend.of_type("S3::BucketPolicy").values(), *recommend.of_type("SQS::QueuePolicy").values()]

    assert len(policies) == 6
    for policy in policies:
        assert {"Bool": {"aws:SecureTransport": "false"}} in [
            statement.get("Condition") for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]


def test_the_table_of_states_is_keyed_by_user_forgets_and_is_found_by_the_output(made: Synthesise) -> None:
    recommend = made("recommend")
    (table,) = recommend.of_type("DynamoDB::Table")

    assert recommend.properties("DynamoDB::Table") == {
        "AttributeDefinitions": [{"AttributeName": "mpid", "AttributeType": "N"}],
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "mpid", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    }
    name = {"Ref": table}
    assert name == recommend.variables("Refresh")["STATE_TABLE"] == recommend.template["Outputs"]["StateTable"]["Value"]


def test_the_secret_has_no_value_in_the_template(each_stage: Synthesised) -> None:
    secret = each_stage.properties("SecretsManager::Secret")

    assert set(secret) == {"Description"}


def test_the_outputs_say_what_to_paste_into_mparticles_dashboard(each_stage: Synthesised) -> None:
    outputs = each_stage.template["Outputs"]
    (stream,) = each_stage.of_type("Kinesis::Stream")

    assert outputs["MParticleStreamName"]["Value"] == {"Ref": stream}
    assert outputs["MParticleAccountId"]["Value"] == {"Ref": "AWS::AccountId"}
    assert outputs["MParticleRegion"]["Value"] == {"Ref": "AWS::Region"}
    assert "Stream Name" in outputs["MParticleStreamName"]["Description"]


def test_the_example_organisation_is_refused_by_cloudformation_itself(made: Synthesise) -> None:
    """A rule that can't come true; https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html."""
    example = made("collect", {"broker:mparticle_organisation": "0000000"}).template
    (assertion,) = example["Rules"]["RealOrganisation"]["Assertions"]

    parameter = example["Parameters"]["ExampleOrganisation"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "ExampleOrganisation"}, parameter["Default"]]}]}
    assert parameter["AllowedValues"] == [parameter["Default"]]
    assert "broker:mparticle_organisation" in assertion["AssertDescription"]


def test_a_real_organisation_is_not_refused(made: Synthesise) -> None:
    template = made("collect").template

    assert "RealOrganisation" not in template["Rules"]
    assert set(template["Parameters"]) == {"BootstrapVersion"}


def test_nothing_names_an_account_or_a_region(each_stage: Synthesised) -> None:
    """So that one template serves every account: the only one named is mParticle's."""
    text = json.dumps(each_stage.template["Resources"])

    assert "123456789012" not in text
    assert "us-east-1" not in text


def test_the_stack_and_its_functions_say_the_version(each_stage: Synthesised) -> None:
    functions = each_stage.of_type("Lambda::Function")
    versions = {
        properties["Environment"]["Variables"]["BROKER_VERSION"]
        for properties in (resource["Properties"] for resource in functions.values())
    }

    assert versions == {__version__}
    assert each_stage.template["Outputs"]["Version"]["Value"] == __version__
