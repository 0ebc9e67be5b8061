"""The metric attribution: Personalize reports to CloudWatch what each source of recommendations earned.

https://docs.aws.amazon.com/personalize/latest/dg/metric-attribution-requirements.html: one per dataset group; its role
puts metrics, and reports on imports into a bucket, whose own policy must allow it.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.attributed_metrics import AttributedMetric
from infra.imports import SERVICE
from infra.permissions import Permission
from infra.personalize import Datasets
from lifecycle.bucket import ATTRIBUTION


class MetricAttribution(Construct):
    """Goes with the stack whatever is kept otherwise: it costs by the metric, and reports need its role.

    Its metrics, name and dataset group can't be changed: CloudFormation would create another one first, and a group
    has only one.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        datasets: Datasets,
        bucket: s3.IBucket,
        metrics: Sequence[AttributedMetric],
    ) -> None:
        super().__init__(scope, id)
        names = "Personalize names its files itself, in a folder that holds nothing else."
        reports = Permission("s3", ("PutObject",), [bucket.arn_for_objects(f"{ATTRIBUTION}/*")], names)
        statement = reports.statement()
        statement.add_service_principal(SERVICE)
        statement.add_condition("StringEquals", {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID})
        bucket.add_to_resource_policy(statement)
        self.attribution = personalize.CfnMetricAttribution(
            self,
            "MetricAttribution",
            name=name,
            dataset_group_arn=datasets.group_arn,
            metrics=[
                personalize.CfnMetricAttribution.MetricAttributeProperty(
                    metric_name=metric.name, event_type=metric.event_type, expression=metric.expression
                )
                for metric in metrics
            ],
            metrics_output_config=personalize.CfnMetricAttribution.MetricsOutputConfigProperty(
                role_arn=self._role(reports).role_arn,
                s3_data_destination=personalize.CfnMetricAttribution.S3DataDestinationProperty(
                    path=f"s3://{bucket.bucket_name}/{ATTRIBUTION}/"
                ),
            ),
        )
        for dataset in datasets.datasets:  # it names only the group, but wants their columns
            self.attribution.add_resource_dependency(dataset)

    @property
    def arn(self) -> str:
        """Return its ARN."""
        return self.attribution.attr_metric_attribution_arn

    def _role(self, reports: Permission) -> iam.Role:
        any_metric = "PutMetricData works with the resource * only (CloudWatch, Service Authorization Reference)."
        permissions = [Permission("cloudwatch", ("PutMetricData",), ["*"], any_metric), reports]
        # Of this account only: else Personalize could be sent here by somebody else's (the confused deputy).
        principal = iam.ServicePrincipal(
            SERVICE, conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        )
        policy = iam.PolicyDocument(statements=[permission.statement() for permission in permissions], minimize=False)
        role = iam.Role(self, "Role", assumed_by=principal, inline_policies={"reports": policy})
        for permission in permissions:
            permission.acknowledge(role)
        return role
