"""What is kept: the bucket of what can never work, the bucket of what could not be delivered, mParticle's secret."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from blueprint import sizing
from infra.retention import removal_policy


class Buckets(Construct):
    """Private buckets, TLS only. They hold raw records, personal data included, and so forget after a while."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        retain: bool,
        key: kms.IKey | None = None,
        access_logs: s3.IBucket | None = None,
    ) -> None:
        super().__init__(scope, id)
        reason = (
            "Only the functions write here, rarely; CloudTrail data events can be switched on where reads must show."
        )
        rules = [s3.LifecycleRule(expiration=cdk.Duration.seconds(sizing.BUCKET_RETENTION))]
        self.quarantine, self.on_failure = (
            private_bucket(
                self, id, rules=rules, retain=retain, without_access_log=reason, key=key, access_logs=access_logs
            )
            for id in ("Quarantine", "OnFailure")
        )


def private_bucket(
    scope: Construct,
    id: str,
    *,
    rules: list[s3.LifecycleRule],
    retain: bool,
    without_access_log: str,
    key: kms.IKey | None = None,
    access_logs: s3.IBucket | None = None,
) -> s3.Bucket:
    """Return an encrypted bucket that nobody else can be let into.

    ``without_access_log``: why it keeps no log of accesses where there is no bucket for one. ``key``: a key of its own,
    instead of S3's.
    """
    bucket = s3.Bucket(
        scope,
        id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        bucket_key_enabled=True if key else None,  # one request to KMS for many objects
        server_access_logs_bucket=access_logs,
        server_access_logs_prefix=f"{cdk.Stack.of(scope).stack_name}/{scope.node.id}/{id}/" if access_logs else None,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        lifecycle_rules=rules,
        removal_policy=removal_policy(retain=retain),
    )
    if access_logs:
        reason = "Its team owns that bucket: docs/deploy.md says what its policy needs."
        warning = "Annotation::@aws-cdk/aws-s3:accessLogsPolicyNotAdded"
        cdk.Validations.of(bucket).acknowledge(cdk.Acknowledgment(id=warning, reason=reason))
    else:
        cdk.Validations.of(bucket).acknowledge(cdk.Acknowledgment(id="AwsSolutions-S1", reason=without_access_log))
    return bucket


class MParticleSecret(Construct):
    """An empty secret: its value is put in by hand, so that it stands in no template and no history."""

    def __init__(self, scope: Construct, id: str, *, retain: bool, key: kms.IKey | None = None) -> None:
        super().__init__(scope, id)
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            description='mParticle custom feed: {"key": "…", "secret": "…"}',
            kms_key_id=key.key_arn if key else None,
        )
        secret.apply_removal_policy(removal_policy(retain=retain))
        self.arn = secret.attr_id
        reason = "mParticle issues the pair, and has no call to change it; refresh reads the secret again when refused."
        cdk.Validations.of(secret).acknowledge(cdk.Acknowledgment(id="AwsSolutions-SMG4", reason=reason))
