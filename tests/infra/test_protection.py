"""What guards data and functions beyond the usual: a key, who may write, a log of accesses, reserved concurrency."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy_checks import DeployedStack, SynthesisedStack, problems, read_assembly
from infra.reserved_concurrency import no_room, reserved_concurrency_problems
from infra.settings import SettingsError, Stage, read_settings
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON, FULL, GIVEN, Synthesised
from tests.infra.test_permissions import actions
from tests.infra.test_rules import lint

ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OWN, GIVEN_KEY = {"broker:kms_key": "create"}, {"broker:kms_key": ARN}
ROLE = "arn:aws:iam::123456789012:role/replays"
# Where each type says with which key it is encrypted.
PLACES = {
    "Kinesis::Stream": ("StreamEncryption", "KeyId"),
    "SQS::Queue": ("KmsMasterKeyId",),
    "DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "SecretsManager::Secret": ("KmsKeyId",),
    "Logs::LogGroup": ("KmsKeyId",),
    "Personalize::DatasetGroup": ("KmsKeyArn",),
}


def keys(synthesised: Synthesised) -> dict[str, Any]:
    """Return with which key all that holds data is encrypted, by logical id."""
    found = {}
    for kind, place in PLACES.items():
        for id, resource in synthesised.of_type(kind).items():
            value: Any = resource["Properties"]
            for name in place:
                value = value.get(name, {})
            found[id] = value
    for id, bucket in synthesised.of_type("S3::Bucket").items():
        (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        found[id] = rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID", {})
    return found


@pytest.mark.parametrize("context", [OWN, GIVEN_KEY])
def test_all_that_holds_data_has_the_key_but_the_bucket_that_deletions_read(
    made: Synthesise, context: dict[str, str]
) -> None:
    with_key = made("recommend", context)
    created = [{"Fn::GetAtt": [id, "Arn"]} for id in with_key.of_type("KMS::Key")]
    found = keys(with_key)

    assert len(found) == 13
    assert {id for id, key in found.items() if key not in ([ARN] if context is GIVEN_KEY else created)} == {
        id for id in found if id.startswith("ImportsBucket")
    }
    assert bool(created) is (context is OWN)
    buckets = with_key.of_type("S3::Bucket")
    for id in (id for id in buckets if id.startswith("Buckets")):
        (rule,) = buckets[id]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True


def test_without_the_setting_there_is_no_key_and_no_output(made: Synthesise) -> None:
    usual = made("recommend")

    assert [key for key in keys(usual).values() if key not in ({}, "alias/aws/kinesis")] == []
    assert not usual.of_type("KMS::Key")
    assert "KmsKey" not in usual.template["Outputs"]
    assert "kms" not in json.dumps(usual.of_type("IAM::Role"))


def test_the_created_key_rotates_and_is_kept_as_the_data_is(made: Synthesise) -> None:
    kept, deleted = made("collect", OWN), made("collect", OWN | {"broker:on_destroy": "delete"})

    assert kept.properties("KMS::Key")["EnableKeyRotation"] is True
    assert kept.the("KMS::Key")["DeletionPolicy"] == "RetainExceptOnCreate"
    assert deleted.the("KMS::Key")["DeletionPolicy"] == "Delete"


def test_an_administrator_of_the_created_key_reads_nothing_with_it_and_others_only_through_services(
    made: Synthesise,
) -> None:
    policy = made("collect", OWN).properties("KMS::Key")["KeyPolicy"]["Statement"]
    by_sid = {statement["Sid"]: statement for statement in policy}

    assert set(by_sid) == {"Administration", "ThroughServices", "LogGroups", "Personalize"}
    reads = ("Decrypt", "GenerateDataKey", "ReEncrypt", "Encrypt")
    assert not [one for one in by_sid["Administration"]["Action"] if one.removeprefix("kms:").startswith(reads)]
    assert "kms:*" not in json.dumps(policy)
    through = by_sid["ThroughServices"]["Condition"]["StringEquals"]
    assert through["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
    assert {service["Fn::Join"][1][0] for service in through["kms:ViaService"]} == {
        f"{name}." for name in ("dynamodb", "kinesis", "s3", "secretsmanager", "sqs")
    }
    context = by_sid["LogGroups"]["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert context["Fn::Join"][1][-1] == ":log-group:personalize-broker-*"
    assert by_sid["Personalize"]["Principal"]["Service"] == "personalize.amazonaws.com"
    assert "DataKeyPersonalizeRole" in json.dumps(by_sid["Personalize"]["Principal"]["AWS"])


def test_each_role_may_use_the_key_as_it_needs(made: Synthesise) -> None:
    own = made("recommend", OWN)
    ((key, _),) = own.of_type("KMS::Key").items()

    def of_key(statements: list[dict[str, Any]]) -> set[str]:
        return actions([one for one in statements if one["Resource"] == {"Fn::GetAtt": [key, "Arn"]}])

    put_record = own.properties("IAM::Policy", "MParticle")["PolicyDocument"]["Statement"]
    assert of_key(put_record) == {"kms:GenerateDataKey"}
    assert of_key(own.statements("Ingest")) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert of_key(own.statements("Refresh")) == {
        f"kms:{action}" for action in ("Decrypt", "GenerateDataKey", "DescribeKey", "Encrypt")
    }
    personalize = own.properties("IAM::Policy", "DataKey")["PolicyDocument"]["Statement"]
    assert of_key(personalize) == {f"kms:{one}" for one in ("Decrypt", "DescribeKey", "GenerateDataKey", "ListGrants")}


def test_the_dataset_group_waits_until_personalize_may_use_the_key(made: Synthesise) -> None:
    own = made("collect", OWN)
    group = own.the("Personalize::DatasetGroup")
    (role,) = (id for id in own.of_type("IAM::Role") if id.startswith("DataKey"))
    (policy,) = (id for id in own.of_type("IAM::Policy") if id.startswith("DataKey"))

    assert group["Properties"]["RoleArn"] == {"Fn::GetAtt": [role, "Arn"]}
    assert policy in group["DependsOn"]
    (trust,) = own.properties("IAM::Role", "DataKey")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


SERVING = SynthesisedStack("shop", Stage.COLLECT, is_example=False, trains=False, serves=False)


@pytest.mark.parametrize(
    ("before", "now", "refused"),
    [
        (None, None, False),
        ("create", "create", False),
        (None, "create", True),
        ("create", None, True),
        (ARN, "create", True),
    ],
)
def test_another_key_for_a_dataset_group_that_is_there_is_refused(
    before: str | None, now: str | None, refused: bool
) -> None:
    found = problems(replace(SERVING, kms_key=now), DeployedStack(Stage.COLLECT, kms_key=before))

    assert [("can't be changed" in problem) for problem in found] == [True] * refused
    assert problems(replace(SERVING, kms_key=now, creates=False), DeployedStack(Stage.COLLECT, kms_key=before)) == []
    assert problems(replace(SERVING, kms_key=now), None) == []


def test_the_checks_know_the_key_and_the_concurrency_of_an_assembly(made: Synthesise) -> None:
    assert read_assembly(made("collect", OWN).folder).kms_key == "create"
    assert read_assembly(made("collect", GIVEN_KEY).folder).kms_key == ARN
    plain, reserving = made("collect"), made("collect", {"broker:reserved_concurrency": 50})
    assert (read_assembly(plain.folder).kms_key, read_assembly(plain.folder).reserved_concurrency) == (None, None)
    assert read_assembly(reserving.folder).reserved_concurrency == 50


def test_only_ingest_reserves_concurrency_and_only_where_it_is_set(made: Synthesise) -> None:
    reserving = made("recommend", {"broker:reserved_concurrency": 50})

    assert reserving.properties("Lambda::Function", "Ingest")["ReservedConcurrentExecutions"] == 50
    assert "ReservedConcurrentExecutions" not in reserving.properties("Lambda::Function", "Refresh")
    assert "ReservedConcurrentExecutions" not in made("recommend").properties("Lambda::Function", "Ingest")


@pytest.mark.parametrize(
    ("wanted", "held", "unreserved", "said"),
    [
        (None, 0, 100, None),
        (50, 0, 150, None),
        (50, 50, 100, None),  # it has them already
        (
            51,
            0,
            150,
            "leaves 99 concurrent invocations to the account's other functions, and Lambda wants 100 of them: "
            "set at most 50, or ask",
        ),
        (1, 0, 100, "of them: ask AWS for a higher quota"),
    ],
)
def test_reserved_concurrency_must_leave_a_hundred_to_the_account(
    wanted: int | None, held: int, unreserved: int, said: str | None
) -> None:
    found = no_room(wanted, held, unreserved)

    assert len(found) == (said is not None)
    assert said is None or said in found[0]


@pytest.mark.parametrize(
    ("stacks", "held", "refused"),
    [([], 0, True), ([{"IngestFunction": "shop-ingest"}], 50, False), ([{"Stage": "collect"}], 50, True)],
)
def test_lambda_says_what_is_left_beside_what_the_function_has(
    stacks: list[dict[str, str]], held: int, refused: bool
) -> None:
    def describe_stacks(**_: str) -> dict[str, Any]:
        if not stacks:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": "shop does not exist"}}, "DescribeStacks"
            )
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in one.items()]} for one in stacks]}

    def get_function_concurrency(**asked: str) -> dict[str, int]:
        assert asked == {"FunctionName": "shop-ingest"}
        return {"ReservedConcurrentExecutions": held}

    clients = {
        "cloudformation": SimpleNamespace(describe_stacks=describe_stacks),
        "lambda": SimpleNamespace(
            get_account_settings=lambda: {"AccountLimit": {"UnreservedConcurrentExecutions": 110}},
            get_function_concurrency=get_function_concurrency,
        ),
    }
    assert bool(reserved_concurrency_problems("shop", 50, clients.__getitem__)) is refused
    assert reserved_concurrency_problems("shop", None, clients.__getitem__) == []


@pytest.mark.parametrize(("writers", "more"), [("mparticle", []), (ROLE, [ROLE]), (f"mparticle,{ROLE}", [ROLE])])
def test_the_streams_policy_denies_everybody_but_mparticles_role_and_those_named(
    made: Synthesise, writers: str, more: list[str]
) -> None:
    policy = made("collect", {"broker:stream_writers": writers}).properties("Kinesis::ResourcePolicy")
    (statement,) = policy["ResourcePolicy"]["Statement"]
    mparticle, *others = statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]

    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": "*"})
    assert statement["Action"] == ["kinesis:PutRecord", "kinesis:PutRecords"]
    assert statement["Resource"] == policy["ResourceArn"]
    assert mparticle["Fn::Join"][1][-1] == ":role/mparticle-kinesis-role"
    assert others == more
    assert not made("collect").of_type("Kinesis::ResourcePolicy")


def test_accesses_to_buckets_are_logged_where_there_is_a_bucket_for_it(made: Synthesise) -> None:
    logging = made("collect", {"broker:access_log_bucket": "logs-of-the-shop"})
    places = [bucket["Properties"]["LoggingConfiguration"] for bucket in logging.of_type("S3::Bucket").values()]

    assert {place["DestinationBucketName"] for place in places} == {"logs-of-the-shop"}
    assert sorted(place["LogFilePrefix"] for place in places) == [
        f"personalize-broker/{place}/" for place in ("Buckets/OnFailure", "Buckets/Quarantine", "Imports/Bucket")
    ]
    usual = made("collect").of_type("S3::Bucket").values()
    assert all("LoggingConfiguration" not in bucket["Properties"] for bucket in usual)


def test_logs_are_kept_as_the_data_is(made: Synthesise) -> None:
    for context, policy in (({}, "RetainExceptOnCreate"), ({"broker:on_destroy": "delete"}, "Delete")):
        groups = made("recommend", context).of_type("Logs::LogGroup").values()
        assert {group["DeletionPolicy"] for group in groups} == {policy}


ALL = {
    **OWN,
    "broker:stream_writers": ROLE,
    "broker:access_log_bucket": "logs-of-the-shop",
    "broker:reserved_concurrency": "50",
}


@pytest.mark.parametrize("more", [{}, GIVEN, GIVEN_KEY])
def test_cfn_lint_finds_nothing_with_all_of_them(made: Synthesise, tmp_path: Path, more: dict[str, Any]) -> None:
    assert lint(made("recommend", ALL | more).template, tmp_path) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("kms_key", "alias/mine", "kms_key must be create, or a key's ARN"),
        ("kms_key", "arn:aws:kms:us-east-1:123456789012:key/mine", "kms_key must be create, or a key's ARN"),
        ("stream_writers", "arn:aws:iam::123456789012:role/*", "without wildcards"),
        ("stream_writers", "replays", "stream_writers must be an ARN"),
        ("access_log_bucket", "arn:aws:s3:::logs", "access_log_bucket must be a bucket's name"),
        ("reserved_concurrency", "0", "reserved_concurrency must be a whole number from 1"),
    ],
)
def test_a_wrong_value_is_one_line(key: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as error:
        read_settings(CDK_JSON["context"] | FULL | {f"broker:{key}": value})

    assert len(str(error.value).splitlines()) == 1


def test_a_key_of_another_region_is_refused_where_the_region_is_known() -> None:
    context = CDK_JSON["context"] | FULL | GIVEN_KEY

    assert read_settings(context, region="us-east-1").protection.kms_key == ARN
    assert read_settings(context).protection.kms_key == ARN
    with pytest.raises(SettingsError, match="kms_key is in us-east-1, but the stack goes to eu-west-1"):
        read_settings(context, region="eu-west-1")
