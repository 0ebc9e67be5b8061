"""The records of an invocation, made up: batches as mParticle forwards them to Kinesis, with 64-bit ids."""

import base64
import json
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/events"


@dataclass(frozen=True)
class Workload:
    """Records of one invocation: one event each, with ``lines`` products; ``per_user`` events of each user."""

    name: str
    records: int
    per_user: int
    lines: int


ONE_EVENT = Workload("one event per user", 1000, 1, 1)
TEN_EVENTS = Workload("ten events per user", 1000, 10, 1)
PURCHASES = Workload("purchases of twenty lines", 500, 1, 20)  # 10,000 lines, as many as one invocation takes
WORKLOADS = (ONE_EVENT, TEN_EVENTS, PURCHASES)


def payloads(workload: Workload, records: int, rng: random.Random) -> list[dict[str, Any]]:
    """Return the batches, with users that no other drawing has, the events of the users mixed."""
    users = [_User(rng) for _ in range(max(1, records // workload.per_user))]
    now_ms = int(time.time() * 1000)
    return [users[n % len(users)].batch(workload.lines, now_ms - 10 * (records - n), rng) for n in range(records)]


class _User:
    def __init__(self, rng: random.Random) -> None:
        self.mpid = rng.randrange(2**62)
        self.session = _uuid(rng)

    def batch(self, lines: int, now_ms: int, rng: random.Random) -> dict[str, Any]:
        return {
            "events": [{"event_type": "commerce_event", "data": self._event(lines, now_ms, rng)}],
            "message_id": _uuid(rng),
            "message_type": "events",
            "environment": "production",
            "mpid": str(self.mpid),
            "source_request_id": _uuid(rng),
            "batch_id": rng.randrange(2**62),
            "timestamp_unixtime_ms": str(now_ms),
            "user_identities": [
                {"identity_type": "customer_id", "identity": f"customer-{self.mpid}"},
                {"identity_type": "email", "identity": f"{self.mpid}@example.com"},
            ],
            "device_info": {
                "platform": "iOS",
                "brand": "iPhone15,2",
                "os_version": "19.1",
                "locale_language": "en",
                "locale_country": "US",
                "screen_height": 2532,
                "screen_width": 1170,
            },
            "application_info": {"application_version": "7.2.0", "os": "IOS", "package": "com.example.items4u"},
            "user_attributes": {
                "$City": "Ghent",
                "$Country": "BE",
                "member_level": "gold",
                "product_recs": [f"SKU-{n:05}" for n in range(10)],
            },
        }

    def _event(self, lines: int, now_ms: int, rng: random.Random) -> dict[str, Any]:
        products = [
            {
                "id": f"SKU-{rng.randrange(10_000):05}",
                "name": "Stoneware mug",
                "category": "kitchen",
                "price": 12.5,
                "quantity": 2,
                "total_product_amount": 25.0,
            }
            for _ in range(lines)
        ]
        return {
            "product_action": {"action": "purchase" if lines > 1 else "view_detail", "products": products},
            "event_id": str(rng.randrange(2**62)),
            "session_uuid": self.session,
            "timestamp_unixtime_ms": str(now_ms),
            "source_message_id": _uuid(rng),
            "custom_attributes": {"page": "/product", "campaign": "spring"},
        }


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))


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


def sqs_event(bodies: Sequence[str]) -> dict[str, Any]:
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
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:refresh",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }
