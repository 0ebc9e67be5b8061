"""The AWS resources of one local broker: stream, queues, buckets, the table of profiles' states, the secrets."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from broker import correlation
from broker.metadata import table

from blueprint import sizing
from lifecycle import state
from local_stack.aws.session import local_client


@dataclass(frozen=True)
class ResourceSettings:
    """The settings of the resources. Times are in seconds; the stream has at most one reader per shard."""

    prefix: str = "broker"
    shards: int = 4
    queue_delay: int = 5
    queue_visibility: int = 180
    max_receives: int = 100
    metadata_delay: int = sizing.METADATA_DELAY
    mparticle_key: str = "local-key"
    mparticle_secret: str = "local-secret"


@dataclass(frozen=True)
class Resources:
    """The names, URLs and ARNs of the created resources."""

    stream_name: str
    stream_arn: str
    shard_ids: tuple[str, ...]
    queue_url: str
    queue_arn: str
    purchase_queue_url: str
    purchase_queue_arn: str
    dead_letter_url: str
    dead_letter_arn: str
    quarantine_bucket: str
    on_failure_bucket: str
    state_table: str
    correlation_table: str
    impressions_table: str
    metadata_table: str
    metadata_queue_url: str
    metadata_queue_arn: str
    secret_arn: str
    control_bucket: str
    suppression_key_arn: str


FIRST_CALL = 120.0  # seconds: moto loads a service when it is called first, which takes long on a busy machine


def _patient_client(service: str, endpoint: str) -> Any:
    return local_client(service, endpoint, timeout=FIRST_CALL)


def create_resources(
    endpoint: str, settings: ResourceSettings | None = None, client: Callable[[str, str], Any] = _patient_client
) -> Resources:
    """Create all resources at the local AWS endpoint, which must be empty."""
    settings = settings or ResourceSettings()
    stream_arn, shard_ids = _stream(client("kinesis", endpoint), settings)
    queues = _queues(client("sqs", endpoint), settings)
    buckets = _buckets(client("s3", endpoint), settings.prefix)
    return Resources(
        stream_name=stream_arn.rpartition("/")[2],
        stream_arn=stream_arn,
        shard_ids=shard_ids,
        **queues,
        **buckets,
        **_secrets(client("secretsmanager", endpoint), settings),
        state_table=_table(client("dynamodb", endpoint), f"{settings.prefix}-state", state.KEY, "N", state.EXPIRY),
        impressions_table=_table(
            client("dynamodb", endpoint), f"{settings.prefix}-impressions", state.KEY, "N", state.EXPIRY
        ),
        metadata_table=_table(
            client("dynamodb", endpoint), f"{settings.prefix}-metadata", table.KEY, "S", table.EXPIRY
        ),
        correlation_table=_table(
            client("dynamodb", endpoint),
            f"{settings.prefix}-correlation",
            correlation.MONTH,
            "S",
            correlation.EXPIRY,
        ),
    )


def messages_in(sqs: Any, queue_url: str) -> int:
    """Return how many messages a queue holds, delayed and in-flight ones included."""
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(number) for number in answer["Attributes"].values())


def _stream(kinesis: Any, settings: ResourceSettings) -> tuple[str, tuple[str, ...]]:
    name = f"{settings.prefix}-stream"
    kinesis.create_stream(StreamName=name, ShardCount=settings.shards, MaxRecordSizeInKiB=sizing.MAX_RECORD_KIB)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    shards = kinesis.list_shards(StreamName=name)["Shards"]
    return arn, tuple(shard["ShardId"] for shard in shards)


def _queues(sqs: Any, settings: ResourceSettings) -> dict[str, str]:
    dead_letter_url, dead_letter_arn = _queue(sqs, f"{settings.prefix}-refresh-dead-letters", {})
    redrive = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": settings.max_receives}
    attributes = {
        "DelaySeconds": str(settings.queue_delay),
        "VisibilityTimeout": str(settings.queue_visibility),
        "RedrivePolicy": json.dumps(redrive),
    }
    queue_url, queue_arn = _queue(sqs, f"{settings.prefix}-refresh", attributes)
    purchase_queue_url, purchase_queue_arn = _queue(sqs, f"{settings.prefix}-purchases", attributes)
    metadata_queue_url, metadata_queue_arn = _metadata_queue(sqs, settings)
    return {
        "queue_url": queue_url,
        "queue_arn": queue_arn,
        "purchase_queue_url": purchase_queue_url,
        "purchase_queue_arn": purchase_queue_arn,
        "metadata_queue_url": metadata_queue_url,
        "metadata_queue_arn": metadata_queue_arn,
        "dead_letter_url": dead_letter_url,
        "dead_letter_arn": dead_letter_arn,
    }


def _metadata_queue(sqs: Any, settings: ResourceSettings) -> tuple[str, str]:
    _, dead_letter_arn = _queue(sqs, f"{settings.prefix}-metadata-dead-letters.fifo", {"FifoQueue": "true"})
    redrive = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": settings.max_receives}
    attributes = {
        "FifoQueue": "true",
        "DelaySeconds": str(settings.metadata_delay),
        "VisibilityTimeout": str(sizing.METADATA_QUEUE.visibility_timeout),
        "RedrivePolicy": json.dumps(redrive),
    }
    return _queue(sqs, f"{settings.prefix}-metadata.fifo", attributes)


def _queue(sqs: Any, name: str, attributes: dict[str, str]) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _buckets(s3: Any, prefix: str) -> dict[str, str]:
    kinds = ("quarantine", "on-failure", "control")
    names = {f"{kind.replace('-', '_')}_bucket": f"{prefix}-{kind}" for kind in kinds}
    for name in names.values():
        s3.create_bucket(Bucket=name)
    return names


def _table(dynamodb: Any, name: str, key: str, kind: str, expiry: str) -> str:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"AttributeName": expiry, "Enabled": True})
    return name


def _secrets(client: Any, settings: ResourceSettings) -> dict[str, str]:
    pair = json.dumps({"key": settings.mparticle_key, "secret": settings.mparticle_secret})
    values = {"secret_arn": ("mparticle", pair), "suppression_key_arn": ("suppression-key", secrets.token_urlsafe(48))}
    return {
        field: str(client.create_secret(Name=f"{settings.prefix}-{name}", SecretString=value)["ARN"])
        for field, (name, value) in values.items()
    }
