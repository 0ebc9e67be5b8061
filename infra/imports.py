"""How files come to Personalize and back: a bucket for imports, exports and batch jobs, and Personalize's role.

https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html: it needs both, a role and the
bucket's own policy. So do exports, https://docs.aws.amazon.com/personalize/latest/dg/export-permissions.html; they are
in the folder of batch jobs' answers.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint import sizing
from infra.permissions import Permission
from infra.storage import private_bucket
from lifecycle.bucket import BATCH, BATCH_OUTPUT, IMPORTS

SERVICE = "personalize.amazonaws.com"


class Imports(Construct):
    """The bucket forgets files after a while; the accounts of imports under ``summaries/`` hold counts, and stay."""

    def __init__(self, scope: Construct, id: str, *, retain: bool, access_logs: s3.IBucket | None = None) -> None:
        super().__init__(scope, id)
        expiry = cdk.Duration.seconds(sizing.IMPORT_RETENTION)
        rules = [s3.LifecycleRule(prefix=f"{prefix}/", expiration=expiry) for prefix in (IMPORTS, BATCH)]
        # Parts of uploads that were interrupted would be paid for and seen nowhere.
        rules.append(s3.LifecycleRule(abort_incomplete_multipart_upload_after=cdk.Duration.days(1)))
        reason = "Only its team and Personalize use it, now and then; CloudTrail data events show who read what."
        self.bucket = private_bucket(
            self, "Bucket", rules=rules, retain=retain, without_access_log=reason, access_logs=access_logs
        )
        permissions = _permissions(self.bucket)
        for permission in permissions:
            statement = permission.statement()
            statement.add_service_principal(SERVICE)
            statement.add_condition("StringEquals", {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID})
            self.bucket.add_to_resource_policy(statement)
        self.role = self._role(permissions)

    def _role(self, permissions: list[Permission]) -> iam.Role:
        # Of this account only: else Personalize could be sent here by somebody else's (the confused deputy).
        principal = iam.ServicePrincipal(
            SERVICE, conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        )
        policy = iam.PolicyDocument(statements=[permission.statement() for permission in permissions], minimize=False)
        role = iam.Role(self, "Role", assumed_by=principal, inline_policies={"files": policy})
        for permission in permissions:
            permission.acknowledge(role)
        return role


def _permissions(bucket: s3.IBucket) -> list[Permission]:
    reads = "A file's name is made of the import or batch job that it belongs to; these folders hold nothing else."
    writes = "Personalize names its files itself, in the folder of the batch job or the export."
    return [
        Permission("s3", ("GetObject",), [bucket.arn_for_objects(f"{prefix}/*") for prefix in (IMPORTS, BATCH)], reads),
        Permission("s3", ("PutObject",), [bucket.arn_for_objects(f"{BATCH_OUTPUT}/*")], writes),
        Permission("s3", ("ListBucket",), [bucket.bucket_arn]),
    ]
