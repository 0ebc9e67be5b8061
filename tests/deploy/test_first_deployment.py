"""A first deployment that fails leaves nothing behind that its repetition would meet; later, data is kept.

It fails after all that holds data is there, at a resource that the tests add and whose name is taken.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.deploy.account import Account, account
from tests.deploy.enforced import ASSETS, CAPABILITIES, bootstrap, upload_code, upload_template
from tests.deploy.for_ministack import for_ministack
from tests.infra.conftest import Synthesise
from tests.infra.conftest import made as made
from tests.infra.synthesis import GIVEN

pytestmark = pytest.mark.deploy

STACK, TAKEN = "first", "taken"
WITH_DATA = "AWS::Kinesis::Stream", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"


@pytest.fixture
def empty(made: Synthesise) -> Iterator[Account]:
    """Return an account that is ready for the first deployment."""
    with account({}) as running:
        bootstrap(running, made("collect", GIVEN).template)
        upload_code(running, made("collect", GIVEN).template)
        yield running


def failing(template: Mapping[str, Any], policy: str | None = None) -> dict[str, Any]:
    """Return a template that fails while TAKEN exists; all that holds data has another deletion policy, if given."""
    resources = json.loads(json.dumps(template["Resources"]))
    with_data = [id for id, one in resources.items() if one["Type"] in WITH_DATA]
    for id in with_data if policy else ():
        resources[id]["DeletionPolicy"] = policy
    profile = {"Type": "AWS::IAM::InstanceProfile", "Properties": {"InstanceProfileName": TAKEN, "Roles": []}}
    return {**template, "Resources": {**resources, "Last": {**profile, "DependsOn": with_data}}}


def create(account: Account, template: Mapping[str, Any]) -> None:
    """Create the stack. Raises WaiterError where that is rolled back."""
    cloudformation = account.client("cloudformation")
    url = upload_template(account, for_ministack(template))
    cloudformation.create_stack(StackName=STACK, TemplateURL=url, Capabilities=CAPABILITIES)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def delete(account: Account) -> None:
    """Delete the stack."""
    cloudformation = account.client("cloudformation")
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def kept(account: Account) -> tuple[int, int, int]:
    """Return the number of streams, of buckets and of secrets in the account."""
    buckets = [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]
    return (
        len(account.client("kinesis").list_streams()["StreamNames"]),
        len([name for name in buckets if name != ASSETS]),
        len(account.client("secretsmanager").list_secrets()["SecretList"]),
    )


def test_a_first_deployment_that_failed_leaves_nothing_and_can_be_repeated_and_then_data_is_kept(
    empty: Account, made: Synthesise
) -> None:
    template, iam = failing(made("collect", GIVEN).template), empty.client("iam")
    iam.create_instance_profile(InstanceProfileName=TAKEN)
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        create(empty, template)
    assert kept(empty) == (0, 0, 0)

    iam.delete_instance_profile(InstanceProfileName=TAKEN)
    delete(empty)
    create(empty, template)
    assert kept(empty) == (1, 3, 1)
    delete(empty)
    assert kept(empty) == (1, 3, 1)


def test_with_a_policy_that_keeps_everything_it_would_leave_all_of_it(empty: Account, made: Synthesise) -> None:
    empty.client("iam").create_instance_profile(InstanceProfileName=TAKEN)
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        create(empty, failing(made("collect", GIVEN).template, "Retain"))
    assert kept(empty) == (1, 3, 1)
