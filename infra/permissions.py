"""What each function may do, on exact ARNs. Where AWS forces a wildcard, the reason is beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from broker.rewind_plan import PLAN, PROGRESS

# What Lambda needs to read a stream without enhanced fan-out, and a queue (AWSLambdaKinesisExecutionRole and
# AWSLambdaSQSQueueExecutionRole, less what they have beyond).
STREAM_ACTIONS = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
QUEUE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")
# A transaction has no action of its own: its Put and Update need PutItem and UpdateItem,
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html.
STATE_ACTIONS = ("BatchGetItem", "PutItem", "UpdateItem")
# With a key of the team's own: for streams, queues, secrets and objects; and beyond them for a table.
KEY_ACTIONS, TABLE_KEY_ACTIONS = ("Decrypt", "GenerateDataKey"), ("DescribeKey", "Encrypt")


@dataclass(frozen=True)
class Permission:
    """Actions of one service on some resources; ``wildcard_reason`` says why where one of these ends in a wildcard."""

    service: str
    actions: Sequence[str]
    resources: Sequence[str]
    wildcard_reason: str = ""

    def statement(self) -> iam.PolicyStatement:
        """Return it as IAM writes it."""
        return iam.PolicyStatement(
            actions=[f"{self.service}:{action}" for action in self.actions], resources=list(self.resources)
        )

    def acknowledge(self, role: iam.Role) -> None:
        """Hand the reason to cdk-nag, which names a wildcard by the resource as the template spells it."""
        for resource in self.resources if self.wildcard_reason else ():
            finding = f"AwsSolutions-IAM5[Resource::{_as_cdk_nag_says(cdk.Stack.of(role).resolve(resource))}]"
            cdk.Validations.of(role).acknowledge(cdk.Acknowledgment(id=finding, reason=self.wildcard_reason))


def write_logs(log_group: logs.ILogGroup) -> Permission:
    """Return what every function may: write to its own log group."""
    return Permission("logs", ("CreateLogStream", "PutLogEvents"), [log_group.log_group_arn])


def ingest(
    stream: kinesis.IStream,
    quarantine: s3.IBucket,
    on_failure: s3.IBucket,
    queues: Sequence[sqs.IQueue],
    key: kms.IKey | None = None,
) -> list[Permission]:
    """Return what ``ingest`` may. Of secrets it can at most read the suppression list's key.

    PutEvents: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html. On-failure bucket:
    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html.
    """
    put_events = "AWS has PutEvents work with the resource * only; a role that names the tracker is refused."
    give_up = "Lambda writes what it gives up with the function's role, under keys of its own choice with this prefix."
    granted = [
        Permission("kinesis", STREAM_ACTIONS, [stream.stream_arn]),
        Permission("personalize", ("PutEvents",), ["*"], put_events),
        _may_quarantine(quarantine, "ingest"),
        Permission("s3", ("PutObject",), [on_failure.arn_for_objects("aws/lambda/*")], give_up),
        Permission("s3", ("ListBucket",), [on_failure.bucket_arn]),
    ]
    if queues:
        granted.append(Permission("sqs", ("SendMessage",), _arns(queues)))
    return granted + ([Permission("kms", KEY_ACTIONS, [key.key_arn])] if key else [])


def rewind(control: s3.IBucket) -> list[Permission]:
    """Return what ``rewind`` may beside what ``ingest`` may: read its plan, and say how far it is."""
    progress = "An object's name is the shard's, of which a stream on demand gets more by itself."
    return [
        Permission("s3", ("GetObject",), [control.arn_for_objects(PLAN)]),
        Permission("s3", ("PutObject",), [control.arn_for_objects(f"{PROGRESS}*")], progress),
    ]


def refresh(
    queues: Sequence[sqs.IQueue],
    campaign_arn: str,
    filter_arn: str | None,
    secret_arn: str,
    quarantine: s3.IBucket,
    state_table: dynamodb.ITable,
    key: kms.IKey | None = None,
    variants: Sequence[str] = (),
) -> list[Permission]:
    """Return what ``refresh`` may, also with the campaigns and filters of ``variants``.

    It can write no events, neither to the stream nor to Personalize.
    """
    granted = [
        Permission("sqs", (*QUEUE_ACTIONS, "SendMessage"), _arns(queues)),  # it sends messages once more, for later
        Permission(
            "personalize", ("GetRecommendations",), [arn for arn in (campaign_arn, filter_arn, *variants) if arn]
        ),
        Permission("secretsmanager", ("GetSecretValue",), [secret_arn]),
        _may_quarantine(quarantine, "refresh"),
        Permission("dynamodb", STATE_ACTIONS, [state_table.table_arn]),
    ]
    return granted + ([Permission("kms", (*KEY_ACTIONS, *TABLE_KEY_ACTIONS), [key.key_arn])] if key else [])


def daily_check(solution_arn: str | None, campaign_arn: str | None, event_tracker_arn: str | None) -> list[Permission]:
    """Return what ``daily_check`` may: describe, and read metrics. Without a solution it is the campaign's."""
    metrics = "GetMetricData works with the resource * only (CloudWatch, Service Authorization Reference)."
    versions = "A version's ARN is its solution's and an id, which changes with every training."
    granted = [Permission("cloudwatch", ("GetMetricData",), ["*"], metrics)]
    if solution_arn:
        granted += [
            Permission("personalize", ("DescribeSolution",), [solution_arn]),
            Permission("personalize", ("DescribeSolutionVersion",), [f"{solution_arn}/*"], versions),
        ]
    elif campaign_arn:
        any_solution = "The campaign is given, and only Personalize knows whose it is."
        described = ("DescribeSolution", "DescribeSolutionVersion")
        all_solutions = f"{campaign_arn.partition(':campaign/')[0]}:solution/*"
        granted.append(Permission("personalize", described, [all_solutions], any_solution))
    if campaign_arn:
        granted.append(Permission("personalize", ("DescribeCampaign",), [campaign_arn]))
    if event_tracker_arn:
        granted.append(Permission("personalize", ("DescribeEventTracker",), [event_tracker_arn]))
    return granted


def make_keys(table: dynamodb.ITable | None) -> list[Permission]:
    """Return what a function may that logs records: read a month's key, or make it. Nothing without such a table."""
    return [Permission("dynamodb", ("GetItem", "PutItem"), [table.table_arn])] if table else []


def keep_impressions(table: dynamodb.ITable | None, key: kms.IKey | None) -> list[Permission]:
    """Return what a function may that keeps what users are shown; nothing without such a table."""
    if table is None:
        return []
    granted = [Permission("dynamodb", ("BatchGetItem", "BatchWriteItem"), [table.table_arn])]
    return granted + ([Permission("kms", TABLE_KEY_ACTIONS, [key.key_arn])] if key else [])


def collect_metadata(table: dynamodb.ITable, queue: sqs.IQueue, key: kms.IKey | None) -> list[Permission]:
    """Return what a function may that reads users and items from the stream."""
    granted = [
        Permission("dynamodb", ("BatchGetItem", "PutItem"), [table.table_arn]),
        Permission("sqs", ("SendMessage",), [queue.queue_arn]),
    ]
    return granted + ([Permission("kms", TABLE_KEY_ACTIONS, [key.key_arn])] if key else [])


def put_metadata(
    queue: sqs.IQueue, table: dynamodb.ITable, users_arn: str | None, items_arn: str | None, key: kms.IKey | None
) -> list[Permission]:
    """Return what ``put_metadata`` may: read its queue, and put records into those datasets that have columns."""
    granted = [
        Permission("sqs", (*QUEUE_ACTIONS, "SendMessage"), [queue.queue_arn]),
        Permission("dynamodb", ("BatchGetItem", "PutItem"), [table.table_arn]),
    ]
    for action, arn in (("PutUsers", users_arn), ("PutItems", items_arn)):
        granted += [Permission("personalize", (action,), [arn])] if arn else []
    return granted + ([Permission("kms", (*KEY_ACTIONS, *TABLE_KEY_ACTIONS), [key.key_arn])] if key else [])


def _arns(queues: Sequence[sqs.IQueue]) -> list[str]:
    return [queue.queue_arn for queue in queues]


def _may_quarantine(bucket: s3.IBucket, function: str) -> Permission:
    because = "A quarantine object's name is made of what it holds; the function has this folder to itself."
    return Permission("s3", ("PutObject",), [bucket.arn_for_objects(f"{function}/*")], because)


def _as_cdk_nag_says(resource: object) -> str:
    """``*``, or ``<LogicalId.Arn>/folder/*`` for a resource that is joined of a reference and text."""
    if isinstance(resource, dict):
        _, parts = resource["Fn::Join"]
        return "".join(
            part if isinstance(part, str) else f"<{'.'.join(part.get('Fn::GetAtt') or [part['Ref']])}>"
            for part in parts
        )
    return str(resource)
