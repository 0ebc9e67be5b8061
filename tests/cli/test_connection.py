"""Which service a command talks to, and through which bucket: never AWS by accident."""

from typing import Any

import click
import pytest
from botocore.exceptions import ClientError

from cli.connection import LOCAL_ROLE, Target, rules, settings
from lifecycle.names import Names
from tests.loop.clone import Clone


class Cloud:
    """A stub of CloudFormation with one stack's outputs, None for no stack; and of S3, which remembers buckets."""

    def __init__(self, outputs: dict[str, str] | None = None) -> None:
        self.made: list[str] = []
        self._outputs = outputs

    def client(self, service: str) -> "Cloud":
        assert service in ("cloudformation", "s3")
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self._outputs is None:
            raise ClientError(
                {"Error": {"Code": "ValidationError", "Message": "shop does not exist"}}, "DescribeStacks"
            )
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in self._outputs.items()]}]}

    def head_bucket(self, Bucket: str) -> None:
        if Bucket not in self.made:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadBucket")

    def create_bucket(self, Bucket: str) -> None:
        self.made.append(Bucket)


def target(cloud: Cloud, local_url: str | None = None) -> Target:
    return Target(Names("shop"), cloud.client, local_url)


def test_bucket_and_role_are_those_of_the_stack_and_what_is_given_goes_before() -> None:
    cloud = Cloud({"ImportBucket": "stacks", "ImportRoleArn": "arn:stacks"})

    found, given = target(cloud).bucket(None, None), target(cloud).bucket("mine", "arn:mine")
    assert (found.name, found.role_arn) == ("stacks", "arn:stacks")
    assert (given.name, given.role_arn) == ("mine", "arn:mine")
    assert cloud.made == []


def test_the_table_of_states_is_the_stacks_or_what_the_local_stack_exported() -> None:
    assert target(Cloud({"StateTable": "stacks"})).state_table == "stacks"
    assert target(Cloud({"Stage": "collect"})).state_table is None
    assert target(Cloud()).state_table is None
    local = Target(Names("shop"), Cloud().client, "http://127.0.0.1:1", {"STATE_TABLE": "local"})
    assert local.state_table == "local"


@pytest.mark.parametrize("cloud", [Cloud(), Cloud({"Stage": "collect"})])
def test_without_a_stack_of_this_name_the_options_are_named(cloud: Cloud) -> None:
    with pytest.raises(click.UsageError, match="--bucket and --role-arn"):
        target(cloud).bucket("mine", None)


def test_locally_a_bucket_is_made_once_and_no_stack_is_asked_for() -> None:
    cloud = Cloud()
    local = target(cloud, "http://127.0.0.1:1")

    assert [local.bucket(None, None).role_arn, local.bucket(None, None).name] == [LOCAL_ROLE, "shop-imports"]
    assert cloud.made == ["shop-imports"]
    assert local.outputs == {}


def test_the_rules_are_those_by_which_the_deployment_reads_the_stream() -> None:
    made = rules(settings(("broker:event_types=purchase:Buy", "broker:environment=development")))

    assert made.event_types == {"purchase": "Buy"}
    assert made.environment == "development"


def test_a_running_serve_is_found_and_said_and_passed_over_with_aws(served: Clone) -> None:
    local = served.run("status")
    nowhere = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), "") | {"AWS_CONFIG_FILE": "/dev/null"}
    aws = served.run("status", "--aws", environment=nowhere)

    assert local.returncode == 0, local.stderr
    assert local.stderr.startswith("personalize-broker, on the local Personalize at http://127.0.0.1:")
    assert aws.returncode == 1
    assert "no AWS region is set" in aws.stderr
