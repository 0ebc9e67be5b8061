"""put_metadata: users and items whose record has changed → PutUsers and PutItems."""

import functools
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from broker.clients import Aws, deadline
from broker.clock import Clock
from broker.invocation import invocation
from broker.metadata.puts import MetadataPuts
from broker.metadata.queue import MetadataQueue
from broker.metadata.sender import MetadataSender
from broker.metadata.table import MetadataTable
from broker.queue_calls import QueueCalls
from broker.refresh_queue import queue_url
from broker.settings import put_metadata_settings
from broker.suppression_store import store_from

CONNECTIONS = 2


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer Lambda's SQS event with the messages that failed (ReportBatchItemFailures)."""
    with invocation(context) as counts:
        return _sender().run(event["Records"], deadline(context), counts)


@functools.cache
def _sender() -> MetadataSender:
    """Connect the steps to AWS, once per process, at its first invocation."""
    settings = put_metadata_settings()
    pool = ThreadPoolExecutor(CONNECTIONS, "put_metadata")
    clock = Clock(time.time, time.sleep, random.random)
    aws = Aws(CONNECTIONS, clock.now)
    events = aws.direct_client("personalize-events", "put_users", "put_items")
    dynamodb = aws.direct_client("dynamodb", "batch_get_item", "transact_write_items")
    sqs = aws.direct_client("sqs", "send_message_batch", "change_message_visibility_batch")

    def queue_of(arn: str) -> MetadataQueue:
        return MetadataQueue(QueueCalls(sqs, queue_url(arn, sqs.meta.endpoint_url), pool, clock))

    return MetadataSender(
        MetadataPuts(events, settings.dataset_arns, clock),
        MetadataTable(dynamodb, settings.metadata.table, pool, clock),
        queue_of,
        settings.metadata.policies,
        clock,
        store_from(settings.suppression, aws, clock),
    )
