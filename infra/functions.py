"""A Lambda function of the broker: code, role, log group."""

import atexit
import functools
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from blueprint.sizing import FunctionSize
from infra.bundling import bundle, find_interpreter, find_uv
from infra.deployment import live_alias
from infra.paths import LAMBDA_SRC
from infra.permissions import Permission, write_logs
from infra.retention import removal_policy

RUNTIMES = {"3.13": lambda_.Runtime.PYTHON_3_13, "3.14": lambda_.Runtime.PYTHON_3_14}


@dataclass(frozen=True)
class LambdaCode:
    """What all functions run: the code, and Lambda's runtime for it."""

    code: lambda_.Code
    runtime: lambda_.Runtime


def lambda_code(scope: Construct, python: str) -> LambdaCode:
    """Return the program for a Python version (``3.13``), bundled where the command needs it. Raises BundlingFailed."""
    folder = LAMBDA_SRC
    if cdk.Stack.of(scope).bundling_required:
        folder = Path(mkdtemp(prefix="broker-bundle-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        bundle(folder, python, uv=find_uv(), interpreter=find_interpreter(python))
    return LambdaCode(lambda_.Code.from_asset(str(folder)), RUNTIMES[python])


class BrokerFunction(Construct):
    """One function with a role and a log group; its role may what ``permissions`` says, and write logs.

    CDK's own grants are wider than what is needed (an on-failure bucket's includes reading and deleting), so they are
    not used, and the role takes none.

    ``live``: the alias that is to be invoked. A version keeps the variables that it was published with, and a new one
    is published when the template's text of them changes. ``version_of`` is what they depend on beyond that text: a
    reference to a resource reads the same after the resource is replaced.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handler: str,
        size: FunctionSize,
        lambda_code: LambdaCode,
        environment: Mapping[str, str],
        permissions: Sequence[Permission],
        retain: bool,
        version_of: Sequence[str] = (),
        log_key: kms.IKey | None = None,
        reserved_concurrency: int | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=removal_policy(retain=retain),
            encryption_key=log_key,
        )
        self.role = self._role([write_logs(self.log_group), *permissions])
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Personalize Broker: {handler}",
            runtime=lambda_code.runtime,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_code.code,
            handler=handler,
            timeout=cdk.Duration.seconds(size.timeout),
            memory_size=size.memory,
            environment=dict(environment),
            role=self.role.without_policy_updates(),
            log_group=self.log_group,
            reserved_concurrent_executions=reserved_concurrency,
            # Lambda's own lines become JSON, with the request id that the functions' lines have.
            logging_format=lambda_.LoggingFormat.JSON,
            current_version_options=lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE),
        )
        for value in version_of:
            self.function.invalidate_version_based_on(value)
        # CDK also lets the function wait for the role, which its ARN says already (cfn-lint W3005).
        cast(cdk.CfnResource, self.function.node.default_child).add_deletion_override("DependsOn")
        self._acknowledge()

    @functools.cached_property
    def live(self) -> lambda_.Alias:
        """The alias that the event source mappings invoke; a function without one in the stack has none."""
        return live_alias(self, self.function)

    def _role(self, permissions: Sequence[Permission]) -> iam.Role:
        statements = [permission.statement() for permission in permissions]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"broker": iam.PolicyDocument(statements=statements, minimize=False)},
        )
        for permission in permissions:
            permission.acknowledge(role)
        return role

    def _acknowledge(self) -> None:
        reason = "The runtime is a setting; 3.13 is the one whose zip the tests start in the real runtime client."
        cdk.Validations.of(self.function).acknowledge(cdk.Acknowledgment(id="AwsSolutions-L1", reason=reason))
