"""The raw archive: Firehose copies the stream's records into a bucket of its own, which forgets them after some days.

Off unless ``broker:archive`` is on. The records are personal data: key, reader role and eraser role are the archive's
own. https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint import sizing
from infra.permissions import Permission
from infra.retention import removal_policy
from infra.storage import private_bucket
from lifecycle.archive import ERRORS, RECORDS

SERVICE = "firehose.amazonaws.com"
MEGABYTE = 2**20
OWN_NAMES = "Firehose names the objects by time, below these prefixes; the bucket holds nothing else."


class Archive(Construct):
    """Bucket, key and delivery stream; who reads takes ``reader``, who erases a customer takes ``eraser``."""

    def __init__(self, scope: Construct, id: str, *, stream: kinesis.IStream, days: int, retain: bool) -> None:
        super().__init__(scope, id)
        self._key = kms.Key(
            self,
            "Key",
            description="Personalize Broker: the raw archive",
            enable_key_rotation=True,
            removal_policy=removal_policy(retain=retain),
        )
        self.bucket = private_bucket(
            self,
            "Bucket",
            rules=[
                s3.LifecycleRule(expiration=cdk.Duration.days(days)),
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=cdk.Duration.days(1)),
            ],
            retain=retain,
            without_access_log="Only Firehose and the two roles use it; CloudTrail data events show who read what.",
            key=self._key,
        )
        self.log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        role = self._role(
            "DeliveryRole", iam.ServicePrincipal(SERVICE, conditions=_own_account()), self._writes(stream)
        )
        self.delivery = self._delivery(stream, role)
        people = iam.AccountRootPrincipal()  # to whom IAM gives sts:AssumeRole
        self.reader = self._role("Reader", people, self._reads())
        self.eraser = self._role("Eraser", people, [*self._reads(), *self._erases()])

    def _delivery(self, stream: kinesis.IStream, role: iam.Role) -> firehose.CfnDeliveryStream:
        log_stream = logs.LogStream(
            self, "LogStream", log_group=self.log_group, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        delivery = firehose.CfnDeliveryStream
        created = delivery(
            self,
            "Delivery",
            delivery_stream_type="KinesisStreamAsSource",
            kinesis_stream_source_configuration=delivery.KinesisStreamSourceConfigurationProperty(
                kinesis_stream_arn=stream.stream_arn, role_arn=role.role_arn
            ),
            extended_s3_destination_configuration=delivery.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=self.bucket.bucket_arn,
                role_arn=role.role_arn,
                prefix=RECORDS,  # followed by the hour, as in 2026/11/27/21/
                error_output_prefix=ERRORS,
                compression_format="GZIP",
                buffering_hints=delivery.BufferingHintsProperty(
                    interval_in_seconds=sizing.ARCHIVE.seconds, size_in_m_bs=sizing.ARCHIVE.bytes // MEGABYTE
                ),
                processing_configuration=delivery.ProcessingConfigurationProperty(
                    enabled=True, processors=[delivery.ProcessorProperty(type="AppendDelimiterToRecord")]
                ),
                cloud_watch_logging_options=delivery.CloudWatchLoggingOptionsProperty(
                    enabled=True,
                    log_group_name=self.log_group.log_group_name,
                    log_stream_name=log_stream.log_stream_name,
                ),
            ),
        )
        # Under another logical id it would be another delivery stream, which begins at the newest record.
        created.override_logical_id("ArchiveDelivery")
        reason = "The setting is for records that are put directly; the stream and the bucket are encrypted."
        cdk.Validations.of(created).acknowledge(cdk.Acknowledgment(id="AwsSolutions-KDF1", reason=reason))
        return created

    def _role(self, id: str, principal: iam.IPrincipal, permissions: list[Permission]) -> iam.Role:
        policy = iam.PolicyDocument(statements=[permission.statement() for permission in permissions], minimize=False)
        role = iam.Role(self, id, assumed_by=principal, inline_policies={"archive": policy})
        for permission in permissions:
            permission.acknowledge(role)
        return role

    def _writes(self, stream: kinesis.IStream) -> list[Permission]:
        """Return what AWS lists for Firehose: controlling-access.html#using-iam-s3, less its way to Lambda."""
        objects = [self.bucket.arn_for_objects(f"{prefix}*") for prefix in (RECORDS, ERRORS)]
        of_stream = ("DescribeStream", "GetShardIterator", "GetRecords", "ListShards")
        of_bucket = ("GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")
        return [
            Permission("kinesis", of_stream, [stream.stream_arn]),
            Permission("s3", ("AbortMultipartUpload", "GetObject", "PutObject"), objects, OWN_NAMES),
            Permission("s3", of_bucket, [self.bucket.bucket_arn]),
            Permission("kms", ("Decrypt", "GenerateDataKey"), [self._key.key_arn]),
            Permission("logs", ("PutLogEvents",), [self.log_group.log_group_arn]),
        ]

    def _reads(self) -> list[Permission]:
        return [
            Permission("s3", ("GetObject",), [self.bucket.arn_for_objects(f"{RECORDS}*")], OWN_NAMES),
            Permission("s3", ("ListBucket",), [self.bucket.bucket_arn]),
            Permission("kms", ("Decrypt",), [self._key.key_arn]),
        ]

    def _erases(self) -> list[Permission]:
        records, errors = (self.bucket.arn_for_objects(f"{prefix}*") for prefix in (RECORDS, ERRORS))
        return [
            Permission("s3", ("PutObject",), [records], OWN_NAMES),
            Permission("s3", ("DeleteObject",), [records, errors], OWN_NAMES),
            Permission("kms", ("GenerateDataKey",), [self._key.key_arn]),
        ]


def _own_account() -> dict[str, dict[str, str]]:
    # Else Firehose could be sent here by somebody else's account (the confused deputy). AWS gives it this external id:
    # https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role
    return {"StringEquals": {"sts:ExternalId": cdk.Aws.ACCOUNT_ID}}
