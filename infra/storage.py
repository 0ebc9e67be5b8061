"""What is kept: the bucket of what can never work, the bucket of what could not be delivered, mParticle's secret."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from blueprint import sizing


class Buckets(Construct):
    """Private buckets, TLS only. They hold raw records, personal data included, and so forget after a while."""

    def __init__(self, scope: Construct, id: str, *, keep: bool) -> None:
        super().__init__(scope, id)
        self._policy = cdk.RemovalPolicy.RETAIN if keep else cdk.RemovalPolicy.DESTROY
        self.quarantine = self._bucket("Quarantine")
        self.on_failure = self._bucket("OnFailure")

    def _bucket(self, id: str) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.seconds(sizing.BUCKET_RETENTION))],
            removal_policy=self._policy,
        )
        reason = (
            "Only the functions write here, rarely; CloudTrail data events can be switched on where reads must show."
        )
        cdk.Validations.of(bucket).acknowledge(cdk.Acknowledgment(id="AwsSolutions-S1", reason=reason))
        return bucket


class MParticleSecret(Construct):
    """An empty secret: its value is put in by hand, so that it stands in no template and no history."""

    def __init__(self, scope: Construct, id: str, *, keep: bool) -> None:
        super().__init__(scope, id)
        secret = secretsmanager.CfnSecret(
            self, "Secret", description='mParticle custom feed: {"key": "…", "secret": "…"}'
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN if keep else cdk.RemovalPolicy.DESTROY)
        self.arn = secret.attr_id
        reason = "mParticle issues the pair, and has no call to change it; refresh reads the secret again when refused."
        cdk.Validations.of(secret).acknowledge(cdk.Acknowledgment(id="AwsSolutions-SMG4", reason=reason))
