"""The suppression list: the bucket in which it is one object, and the secret with the key of its hashes."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from broker.settings import SuppressionSettings
from broker.suppression_store import OBJECT
from constructs import Construct

from infra.permissions import Permission
from infra.retention import removal_policy
from infra.storage import private_bucket


class Suppression(Construct):
    """Who reads the list gets ``settings`` as variables, and ``permissions``: to read it, and nothing else.

    Commands write it. Nothing in the bucket expires: a user who was erased stays erased.
    """

    def __init__(self, scope: Construct, id: str, *, retain: bool, key: kms.IKey | None = None) -> None:
        super().__init__(scope, id)
        reason = "Only commands write here, rarely; CloudTrail data events can be switched on where reads must show."
        self.bucket = private_bucket(self, "Bucket", rules=[], retain=retain, without_access_log=reason, key=key)
        secret = secretsmanager.CfnSecret(
            self,
            "Key",
            description="The key of the suppression list's hashes: without it, the list can't be used any more",
            generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
                password_length=64, exclude_punctuation=True
            ),
        )
        secret.apply_removal_policy(removal_policy(retain=retain))
        rotation = "The hashes of erased users can't be made again with another key: nobody keeps their ids."
        cdk.Validations.of(secret).acknowledge(cdk.Acknowledgment(id="AwsSolutions-SMG4", reason=rotation))
        self.settings = SuppressionSettings(self.bucket.bucket_name, secret.attr_id)
        self.permissions = [
            Permission("s3", ("GetObject",), [self.bucket.arn_for_objects(OBJECT)]),
            # Without it, S3 does not say that there is no list yet, but that reading it is denied.
            Permission("s3", ("ListBucket",), [self.bucket.bucket_arn]),
            Permission("secretsmanager", ("GetSecretValue",), [secret.attr_id]),
        ]
