"""A key of the team's own for all that holds data: an existing one, or one that the stack creates.

The bucket of imports has none: Personalize's deletion of users takes no file from a bucket with one.
https://docs.aws.amazon.com/personalize/latest/dg/delete-records.html
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from constructs import Construct

from infra.permissions import Permission
from infra.protection import CREATE
from infra.retention import removal_policy

PERSONALIZE = "personalize.amazonaws.com"
# All that is encrypted with it by a service for somebody of this account.
SERVICES = ("dynamodb", "kinesis", "s3", "secretsmanager", "sqs")
USE = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*")
# A key policy needs all of them, the role's own policy all but CreateGrant,
# https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html.
OF_PERSONALIZE = ("Decrypt", "DescribeKey", "GenerateDataKey", "ListGrants")
# What an administrator may is not what reads data (KMS, key administrators).
ADMINISTRATION = (
    *("Create*", "Describe*", "Enable*", "List*", "Put*", "Update*", "Revoke*", "Disable*", "Get*", "Delete*"),
    *("TagResource", "UntagResource", "ScheduleKeyDeletion", "CancelKeyDeletion", "RotateKeyOnDemand"),
)


class DataKey(Construct):
    """The key, and the role by which Personalize uses it."""

    def __init__(self, scope: Construct, id: str, *, setting: str, retain: bool) -> None:
        super().__init__(scope, id)
        self._role = iam.Role(self, "PersonalizeRole", assumed_by=_personalize())
        self.key: kms.IKey = (
            self._created(retain=retain) if setting == CREATE else kms.Key.from_key_arn(self, "Existing", setting)
        )
        self._policy = iam.Policy(
            self,
            "PersonalizePolicy",
            roles=[self._role],
            statements=[Permission("kms", OF_PERSONALIZE, [self.key.key_arn]).statement()],
        )

    def encrypt(self, group: personalize.CfnDatasetGroup) -> None:
        """Encrypt a dataset group; that can't be changed later."""
        group.kms_key_arn, group.role_arn = self.key.key_arn, self._role.role_arn
        group.node.add_dependency(self._policy)

    def _created(self, *, retain: bool) -> kms.Key:
        # What it has encrypted can't be read without it, so it is kept with the data.
        return kms.Key(
            self,
            "Key",
            description="Personalize Broker: all that holds data",
            enable_key_rotation=True,
            policy=iam.PolicyDocument(statements=self._statements()),
            removal_policy=removal_policy(retain=retain),
        )

    def _statements(self) -> list[iam.PolicyStatement]:
        account, stack = iam.AccountRootPrincipal(), cdk.Stack.of(self)
        region, number = cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID
        log_groups = f"arn:{cdk.Aws.PARTITION}:logs:{region}:{number}:log-group:{stack.stack_name}-*"
        return [
            _allow("Administration", ADMINISTRATION, [account]),
            _allow(
                "ThroughServices",
                USE,
                [account],
                StringEquals={
                    "kms:CallerAccount": number,
                    "kms:ViaService": [f"{service}.{region}.amazonaws.com" for service in SERVICES],
                },
            ),
            _allow(
                "LogGroups",
                USE,
                [iam.ServicePrincipal(f"logs.{region}.amazonaws.com")],
                ArnLike={"kms:EncryptionContext:aws:logs:arn": log_groups},
            ),
            _allow(
                "Personalize",
                (*OF_PERSONALIZE, "CreateGrant"),
                [iam.ArnPrincipal(self._role.role_arn), iam.ServicePrincipal(PERSONALIZE)],
            ),
        ]


def _allow(
    sid: str, actions: Sequence[str], principals: Sequence[iam.IPrincipal], **conditions: object
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        actions=[f"kms:{action}" for action in actions],
        principals=list(principals),
        resources=["*"],  # of a key's policy: the key itself
        conditions=conditions,
    )


def _personalize() -> iam.IPrincipal:
    # Of this account only, as for the files: see infra/imports.py.
    return iam.ServicePrincipal(PERSONALIZE, conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}})
