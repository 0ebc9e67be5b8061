"""The stack in an account that enforces IAM, with a probe for its functions' code; and mParticle's own account.

It is made by CloudFormation alone, as the account's root: ministack refuses CDK's uploads where it enforces IAM.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.mparticle import KNOWN_PRINCIPALS, ROLE_NAME
from local_stack.aws import ACCOUNT, REGION
from tests.deploy import probe
from tests.deploy.account import ROOT_SECRET, Account, Credentials, account
from tests.deploy.for_ministack import for_ministack

ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}"
STACK, SESSION = "enforced", "test"
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
MPARTICLE = KNOWN_PRINCIPALS["us1"][0].split(":")[4]

Call = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Enforced:
    """The stack's account: its outputs, its resources' physical ids by logical id."""

    account: Account
    template: Mapping[str, Any]
    outputs: Mapping[str, str]
    resources: Mapping[str, str]

    def the(self, kind: str) -> str:
        """Return the physical id of the one resource whose logical id begins like this."""
        (found,) = (
            physical
            for logical, physical in self.resources.items()
            if logical.startswith(kind) and "CurrentVersion" not in logical
        )
        return found

    def take_away(self, *types: str) -> None:
        """Update the stack to one without the resources of some types."""
        kept = {id: one for id, one in self.template["Resources"].items() if one["Type"] not in types}
        cloudformation = self.account.client("cloudformation")
        url = upload_template(self.account, {**self.template, "Resources": kept})
        cloudformation.update_stack(StackName=STACK, TemplateURL=url, Capabilities=CAPABILITIES)
        cloudformation.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})

    def attempts(self, function: str, calls: list[Call]) -> list[str]:
        """Let a deployed function, ``Ingest`` or ``Refresh``, try calls; return how each ended."""
        answer = self.account.client("lambda").invoke(
            FunctionName=self.the(f"{function}Function"), Payload=json.dumps({"calls": calls})
        )
        found: list[str] = json.loads(answer["Payload"].read())
        return found


@contextmanager
def enforced(template: Mapping[str, Any]) -> Iterator[Enforced]:
    """Make the stack of a template in an account that enforces IAM."""
    template = for_ministack(with_sessions(template))
    with account({"AUTH": "true"}) as made:
        bootstrap(made, template)
        upload_code(made, template)
        cloudformation = made.client("cloudformation")
        url = upload_template(made, template)
        cloudformation.create_stack(StackName=STACK, TemplateURL=url, Capabilities=CAPABILITIES)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        yield Enforced(
            made,
            template,
            {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
            {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
        )


def with_sessions(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template that names, in the place of mParticle's roles, their sessions of these tests.

    On AWS ``aws:PrincipalArn`` of a role's session is the role, in ministack it is the session,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
    """
    text = json.dumps(template)
    for arn in KNOWN_PRINCIPALS["us1"]:
        number, name = arn.split(":")[4], arn.rpartition("/")[2]
        assert text.count(json.dumps(arn)) == 1
        text = text.replace(json.dumps(arn), json.dumps(f"arn:aws:sts::{number}:assumed-role/{name}/{SESSION}"))
    changed: dict[str, Any] = json.loads(text)
    return changed


def role_session(account: Account, arn: str) -> Credentials:
    """Make a role in its own account, trusted by that account, which may assume whatever lets it; return a session."""
    number, name = arn.split(":")[4], arn.rpartition("/")[2]
    root = Credentials(number, ROOT_SECRET)
    iam = account.client("iam", root)
    trust = _document(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{number}:root"}, "Action": "sts:AssumeRole"}
    )
    may = _document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="assume", PolicyDocument=may)
    return assume(account, root, arn)


def assume(account: Account, caller: Credentials, arn: str, **more: str) -> Credentials:
    """Assume a role; ``more`` are further parameters, such as ExternalId. Raises ClientError."""
    answer = account.client("sts", caller).assume_role(RoleArn=arn, RoleSessionName=SESSION, **more)["Credentials"]
    return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def bootstrap(account: Account, template: Mapping[str, Any]) -> None:
    """Leave what ``cdk bootstrap`` would."""
    account.client("s3").create_bucket(Bucket=ASSETS)
    version = template["Parameters"]["BootstrapVersion"]["Default"]
    account.client("ssm").put_parameter(Name=version, Value="21", Type="String")


def upload_code(account: Account, template: Mapping[str, Any]) -> None:
    """Put the probe where the template has the functions' zip."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for module in ("ingest", "refresh"):
            archive.writestr(f"broker/{module}.py", Path(probe.__file__).read_text())
    functions = [value for value in template["Resources"].values() if value["Type"] == "AWS::Lambda::Function"]
    for key in {function["Properties"]["Code"]["S3Key"] for function in functions}:
        account.client("s3").put_object(Bucket=ASSETS, Key=key, Body=zipped.getvalue())


def upload_template(account: Account, template: Mapping[str, Any]) -> str:
    """Put a template into the assets' bucket, as CDK does; return its URL. A request takes 51,200 bytes of one."""
    account.client("s3").put_object(Bucket=ASSETS, Key="template.json", Body=json.dumps(template).encode())
    return f"{account.url}/{ASSETS}/template.json"


def _document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
