"""The stream that mParticle fills, and the role by which it may: put records, and nothing else."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from constructs import Construct

from blueprint import sizing
from infra.mparticle import ROLE_NAME
from infra.permissions import Permission
from infra.retention import removal_policy
from infra.settings import MParticle


class EventStream(Construct):
    """A Kinesis stream, encrypted with AWS's key or a given one; on demand unless a number of shards is given."""

    def __init__(
        self, scope: Construct, id: str, *, shards: int | None, retain: bool, key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, id)
        mode = kinesis.StreamMode.ON_DEMAND if shards is None else kinesis.StreamMode.PROVISIONED
        self.stream = kinesis.Stream(
            self,
            "Stream",
            stream_mode=mode,
            shard_count=shards,
            encryption=kinesis.StreamEncryption.KMS if key else kinesis.StreamEncryption.MANAGED,
            encryption_key=key,
            retention_period=cdk.Duration.seconds(sizing.STREAM_RETENTION),
            removal_policy=removal_policy(retain=retain),
        )
        resource = cast(kinesis.CfnStream, self.stream.node.default_child)
        resource.max_record_size_in_kib = sizing.MAX_RECORD_KIB
        if key:
            reason = "The team has chosen a key of its own, broker:kms_key, and docs/cost.md says what it costs."
            cdk.Validations.of(self.stream).acknowledge(cdk.Acknowledgment(id="AwsSolutions-KDS3", reason=reason))


class MParticleAccess(Construct):
    """mParticle's way in, https://docs.mparticle.com/integrations/amazon-kinesis/event.

    The role trusts mParticle's account, on the condition that one of the known roles asks. IAM keeps a role that is
    itself the principal by an internal id: the policy can't be created while there is no such role, and does not trust
    a later role of the same name,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html.

    The role's name is mParticle's choice, so an account has one. A second stack attaches its policy to that one; the
    policy carries the stack's name, since one of the same name would take the first one's place.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stream: kinesis.IStream,
        name: str,
        mparticle: MParticle,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, id)
        permissions = [Permission("kinesis", ("PutRecord",), [stream.stream_arn])]
        if key:
            permissions.append(Permission("kms", ("GenerateDataKey",), [key.key_arn]))
        self.role = self._existing() if mparticle.role_exists else self._create(mparticle)
        iam.Policy(
            self,
            "PutRecord",
            policy_name=f"{name}-put-record",
            roles=[self.role],
            statements=[permission.statement() for permission in permissions],
        )

    def _existing(self) -> iam.IRole:
        return iam.Role.from_role_name(self, "ExistingRole", ROLE_NAME)

    def _create(self, mparticle: MParticle) -> iam.IRole:
        return iam.Role(
            self,
            "Role",
            role_name=ROLE_NAME,
            description="mParticle puts its batches on the stream",
            assumed_by=_trusted(mparticle),
        )


def only_writers(scope: Construct, stream: kinesis.Stream, roles: Sequence[str]) -> None:
    """Let nobody put records on the stream but mParticle's role and some others, whatever their own policies say.

    A denial in the stream's own policy goes before every permission,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
    """
    mparticle = f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/{ROLE_NAME}"
    statement = iam.PolicyStatement(
        sid="OnlyTheseRolesPutRecords",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["kinesis:PutRecord", "kinesis:PutRecords"],
        resources=[stream.stream_arn],
        conditions={"ArnNotEquals": {"aws:PrincipalArn": [mparticle, *roles]}},
    )
    kinesis.CfnResourcePolicy(
        scope,
        "StreamPolicy",
        resource_arn=stream.stream_arn,
        resource_policy=iam.PolicyDocument(statements=[statement]),
    )


def _trusted(mparticle: MParticle) -> iam.IPrincipal:
    accounts = sorted({arn.split(":")[4] for arn in mparticle.principals})
    return iam.PrincipalWithConditions(
        iam.CompositePrincipal(*(iam.AccountPrincipal(account) for account in accounts)),
        {
            "StringEquals": {
                "sts:ExternalId": f"orgid:{mparticle.organisation}",
                "aws:PrincipalArn": list(mparticle.principals),
            }
        },
    )
