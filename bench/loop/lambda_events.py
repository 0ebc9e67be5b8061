"""Events as Lambda passes them: of a Kinesis stream, and of an SQS queue."""

import base64
import json
import time
from collections.abc import Sequence
from typing import Any

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/events"
QUEUES = "arn:aws:sqs:us-east-1:123456789012:"
QUEUE = f"{QUEUES}refresh"


def kinesis_event(batches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return Lambda's Kinesis event, one batch per record."""
    return {"Records": [_record(batch, number) for number, batch in enumerate(batches, 1)]}


def _record(batch: dict[str, Any], number: int) -> dict[str, Any]:
    data = json.dumps(batch, separators=(",", ":")).encode()
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": str(batch["mpid"]),
            "sequenceNumber": str(number),
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": time.time(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/ingest",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM,
    }


def sqs_event(bodies: Sequence[str], queue: str = QUEUE) -> dict[str, Any]:
    """Return Lambda's SQS event of messages that were just received for the first time."""
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))}
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": f"receipt {number}",
                "body": body,
                "attributes": attributes,
                "eventSource": "aws:sqs",
                "eventSourceARN": queue,
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }
