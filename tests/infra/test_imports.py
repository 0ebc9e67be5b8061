"""The bucket and the role through which files come to Personalize: no further than they must be open."""

import json
from typing import Any

from tests.infra.conftest import Synthesise
from tests.infra.synthesis import Synthesised

OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def policy(synthesised: Synthesised) -> list[dict[str, Any]]:
    """Return what the bucket's own policy lets Personalize do."""
    statements = synthesised.properties("S3::BucketPolicy", "Imports")["PolicyDocument"]["Statement"]
    return [statement for statement in statements if statement["Effect"] == "Allow"]


def places(statements: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return for each action the ends of what it is allowed on."""
    found = {}
    for statement in statements:
        listed = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert all("ImportsBucket" in json.dumps(resource) for resource in listed)
        found[statement["Action"]] = sorted(
            resource["Fn::Join"][1][-1] if "Fn::Join" in resource else "" for resource in listed
        )
    return found


ALLOWED = {"s3:GetObject": ["/batch/*", "/imports/*"], "s3:PutObject": ["/batch/output/*"], "s3:ListBucket": [""]}


def test_role_and_bucket_let_personalize_read_files_and_write_answers_and_nothing_else(made: Synthesise) -> None:
    collect = made("collect")

    assert places(policy(collect)) == places(collect.statements("Imports")) == ALLOWED


def test_only_personalize_and_only_for_this_account_is_let_in(made: Synthesise) -> None:
    collect = made("collect")
    (trust,) = collect.properties("IAM::Role", "Imports")["AssumeRolePolicyDocument"]["Statement"]

    for statement in [trust, *policy(collect)]:
        assert statement["Principal"] == {"Service": "personalize.amazonaws.com"}
        assert statement["Condition"] == OWN_ACCOUNT


def test_files_are_forgotten_and_the_accounts_of_imports_are_not(made: Synthesise) -> None:
    rules = made("collect").properties("S3::Bucket", "Imports")["LifecycleConfiguration"]["Rules"]

    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule} == {
        "imports/": 30,
        "batch/": 30,
    }


def test_the_commands_find_them_by_the_stacks_outputs(each_stage: Synthesised) -> None:
    outputs = each_stage.template["Outputs"]
    (bucket,) = (id for id in each_stage.of_type("S3::Bucket") if "Imports" in id)

    assert outputs["ImportBucket"]["Value"] == {"Ref": bucket}
    assert "ImportsRole" in json.dumps(outputs["ImportRoleArn"]["Value"])
    assert "IngestFunction" in json.dumps(outputs["IngestFunction"]["Value"])
