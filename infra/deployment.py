"""How a new version of the functions takes over: a tenth of the invocations more each minute, or all at once.

CloudFormation hands a changed version of an alias to CodeDeploy, and waits. An alias draws the version of each
invocation by weights, so each reader of the stream or of a queue meets both. When an alarm goes off, all invocations
are the old version's again, and the update is rolled back. Update policies:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html, weights:
https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html.
"""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from blueprint.mappings import LIVE
from infra.permissions import Permission

# CloudWatch has a minute's metrics one or two minutes later, so an alarm goes off at two or three tenths.
PACE = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
ROLL_BACK_ON = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
MAX_ALARMS = 10  # of a deployment group (CodeDeploy, AlarmConfiguration)


class GradualDeployment(Construct):
    """CodeDeploy for the aliases of both functions, with the alarms that stop it.

    A hotfix leaves the aliases' update policy out: CloudFormation then moves them at once, and asks no alarm.
    """

    def __init__(self, scope: Construct, id: str, *, hotfix: bool) -> None:
        super().__init__(scope, id)
        self._hotfix = hotfix
        self._application = codedeploy.CfnApplication(self, "Application", compute_platform="Lambda")

    def add(self, name: str, alias: lambda_.Alias, alarms: Sequence[cloudwatch.Alarm]) -> None:
        """Shift an alias gradually, and back as soon as one of the alarms is on."""
        if len(alarms) > MAX_ALARMS:
            raise ValueError(f"a deployment group has at most {MAX_ALARMS} alarms, not {len(alarms)}")
        group = self._group(name, self._role(name, alias.lambda_), alarms)
        if not self._hotfix:
            # By these references the alias waits for the group, and so for its alarms, which look at the new version.
            cast(lambda_.CfnAlias, alias.node.default_child).cfn_options.update_policy = cdk.CfnUpdatePolicy(
                code_deploy_lambda_alias_update=cdk.CfnCodeDeployLambdaAliasUpdate(
                    application_name=self._application.ref, deployment_group_name=group.ref
                )
            )

    def _group(self, name: str, role: iam.Role, alarms: Sequence[cloudwatch.Alarm]) -> codedeploy.CfnDeploymentGroup:
        group = codedeploy.CfnDeploymentGroup
        named = [group.AlarmProperty(name=alarm.alarm_name) for alarm in alarms]
        return group(
            self,
            f"{name}Group",
            application_name=self._application.ref,
            service_role_arn=role.role_arn,
            deployment_config_name=PACE,
            deployment_style=group.DeploymentStyleProperty(
                deployment_type="BLUE_GREEN", deployment_option="WITH_TRAFFIC_CONTROL"
            ),
            alarm_configuration=group.AlarmConfigurationProperty(enabled=True, alarms=named),
            auto_rollback_configuration=group.AutoRollbackConfigurationProperty(enabled=True, events=ROLL_BACK_ON),
        )

    def _role(self, name: str, function: lambda_.IFunction) -> iam.Role:
        """Return what CodeDeploy may, of the actions of AWSCodeDeployRoleForLambdaLimited those on aliases and alarms.

        https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html. The
        others are for files and hooks, which there are not here.
        """
        alarms = "CodeDeploy reads the states of alarms; AWS's own policy for it names no alarm either."
        permissions = [
            Permission(
                "lambda",
                ("GetAlias", "UpdateAlias", "GetProvisionedConcurrencyConfig"),
                [function.function_arn, f"{function.function_arn}:{LIVE}"],
            ),
            Permission("cloudwatch", ("DescribeAlarms",), ["*"], alarms),
        ]
        role = iam.Role(
            self,
            f"{name}Role",
            assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"),
            inline_policies={
                "deploy": iam.PolicyDocument(
                    statements=[permission.statement() for permission in permissions], minimize=False
                )
            },
        )
        for permission in permissions:
            permission.acknowledge(role)
        return role


def live_alias(scope: Construct, function: lambda_.Function) -> lambda_.Alias:
    """Return the alias that the event source mappings invoke, on the version that is published with this template.

    Versions are kept when newer ones replace them, so that the alias can be pointed back by hand. They go with the
    function.
    """
    return lambda_.Alias(scope, "Live", alias_name=LIVE, version=function.current_version)
