"""What each function may do, statement by statement, on exact ARNs. Where AWS forces a wildcard, it says so."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

# What Lambda needs to read a stream without enhanced fan-out, and a queue (AWSLambdaKinesisExecutionRole and
# AWSLambdaSQSQueueExecutionRole, less what they have beyond).
STREAM_ACTIONS = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
QUEUE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")


def log_and_trace(log_group: logs.ILogGroup) -> list[iam.PolicyStatement]:
    """Return what every function may: write to its own log group, and send traces."""
    return [
        _allow("logs", ("CreateLogStream", "PutLogEvents"), log_group.log_group_arn),
        # X-Ray's two write actions know no resources: https://docs.aws.amazon.com/xray/latest/devguide/security_iam_id-based-policy-examples.html
        _allow("xray", ("PutTraceSegments", "PutTelemetryRecords"), "*"),
    ]


def ingest(
    stream: kinesis.IStream, quarantine: s3.IBucket, on_failure: s3.IBucket, queue: sqs.IQueue | None
) -> list[iam.PolicyStatement]:
    """Return what ``ingest`` may. It can read no secret."""
    statements = [
        _allow("kinesis", STREAM_ACTIONS, stream.stream_arn),
        # AWS documents PutEvents with the resource "*" for a Lambda role; one that names the tracker is refused:
        # https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html
        _allow("personalize", ("PutEvents",), "*"),
        _allow("s3", ("PutObject",), quarantine.arn_for_objects("ingest/*")),
        # Lambda itself writes what it gives up, with the function's role, under its own fixed prefix; it wants to list
        # the bucket, too: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
        _allow("s3", ("PutObject",), on_failure.arn_for_objects("aws/lambda/*")),
        _allow("s3", ("ListBucket",), on_failure.bucket_arn),
    ]
    if queue:
        statements.append(_allow("sqs", ("SendMessage",), queue.queue_arn))
    return statements


def refresh(
    queue: sqs.IQueue, campaign_arn: str, filter_arn: str | None, secret_arn: str, quarantine: s3.IBucket
) -> list[iam.PolicyStatement]:
    """Return what ``refresh`` may. It can write no events, neither to the stream nor to Personalize."""
    asked = [campaign_arn, filter_arn] if filter_arn else [campaign_arn]
    return [
        _allow("sqs", QUEUE_ACTIONS, queue.queue_arn),
        _allow("personalize", ("GetRecommendations",), *asked),
        _allow("secretsmanager", ("GetSecretValue",), secret_arn),
        _allow("s3", ("PutObject",), quarantine.arn_for_objects("refresh/*")),
    ]


def _allow(service: str, actions: Sequence[str], *resources: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=[f"{service}:{action}" for action in actions], resources=list(resources))
