"""What Lambda hands over, as small as a test needs it: Kinesis records of mParticle batches, and queue messages."""

import base64
import json
from types import SimpleNamespace
from typing import Any

from tests.broker.stubs import NOW

SHARD = "shardId-000000000003"
QUEUE_ARN, PURCHASE_QUEUE_ARN = (f"arn:aws:sqs:us-east-1:123456789012:{name}" for name in ("refresh", "purchases"))
MPID = -7346244611012968789


def product_event(action: Any = "view_detail", items: Any = ("socks",), at: Any = NOW - 5, **data: Any) -> Any:
    """Return a commerce event of one product a name; a product may also be given as it is. ``at`` in epoch seconds."""
    products = [{"id": item} if isinstance(item, str) else item for item in items]
    own = {"timestamp_unixtime_ms": str(int(at * 1000)), "product_action": {"action": action, "products": products}}
    return {"event_type": "commerce_event", "data": own | data}


def batch(*events: Any, mpid: Any = MPID, **fields: Any) -> dict[str, Any]:
    """Return a batch as mParticle forwards it; the default is one event, a view."""
    return {"events": list(events) or [product_event()], "mpid": mpid, "environment": "production"} | fields


def visit(number: int, item: str = "socks", **fields: Any) -> dict[str, Any]:
    """Return a batch of one view by customer ``number``; its event id and session are the customer's own."""
    event = product_event(items=[item], event_id=str(1000 + number), session_uuid=f"session-{number}")
    return batch(event, mpid=number, **fields)


def record(number: int, *documents: Any, data: bytes | str | None = None, at: float = NOW) -> dict[str, Any]:
    """Return a Kinesis record. ``data`` instead of documents: bytes as they are, text as (perhaps no) base64."""
    raw = "\n".join(json.dumps(document) for document in documents).encode() if data is None else data
    sequence_number = f"4959033827149025660855969253836157109592157598913658{number:04}"
    return {
        "eventID": f"{SHARD}:{sequence_number}",
        "kinesis": {
            "sequenceNumber": sequence_number,
            "partitionKey": f"key-{number}",
            "approximateArrivalTimestamp": at,
            "data": raw if isinstance(raw, str) else base64.b64encode(raw).decode(),
        },
    }


def number_of(record_or_failure: Any) -> str:
    """Return the sequence number of a record, as the answer to Lambda names it."""
    sequence_number: str = record_or_failure["kinesis"]["sequenceNumber"]
    return sequence_number


def message(
    name: str, mpid: Any = MPID, *, sent: float = NOW - 6, receives: int = 1, queue: str = QUEUE_ARN, **fields: Any
) -> dict[str, Any]:
    """Return a queue message for one customer; ``body=`` puts another text in its place."""
    told = {
        "mpid": mpid,
        "environment": "production",
        "list_digest": None,
        "sequence_number": f"seq-{name}",
        "event_ms": int((sent - 2) * 1000),
    }
    return {
        "messageId": name,
        "receiptHandle": f"handle-{name}",
        "body": fields.pop("body") if "body" in fields else json.dumps(told | fields),
        "attributes": {"ApproximateReceiveCount": str(receives), "SentTimestamp": str(int(sent * 1000))},
        "eventSourceARN": queue,
    }


def lambda_context(function_name: str) -> Any:
    """Return Lambda's context, as far as the functions use it: a minute is left."""
    return SimpleNamespace(
        function_name=function_name,
        function_version="7",
        aws_request_id="8f507cfc-3f15-4697-b07a-ac58fc914c95",
        get_remaining_time_in_millis=lambda: 60_000,
    )


def failures(answer: Any) -> list[str]:
    """Return the ids that a partial-batch answer names."""
    assert set(answer) == {"batchItemFailures"}
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
