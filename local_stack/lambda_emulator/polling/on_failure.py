"""The documents that Lambda writes to S3 about discarded records, and their keys.

Form: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_stack.lambda_emulator.invocation import InvokeResult
from local_stack.lambda_emulator.polling.events import Record, kinesis_event

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


class DeliveryFailed(Exception):
    """The destination did not accept the document; a later attempt may succeed."""


# (key, document) → stored; raises DeliveryFailed.
Deliver = Callable[[str, bytes], None]


@dataclass(frozen=True)
class MappingIdentity:
    """The mapping that discards the records: its UUID and the ARNs of stream and function."""

    uuid: str
    stream_arn: str
    function_arn: str


@dataclass(frozen=True)
class Discarded:
    """Discarded records of one shard: the reason, the number of invocations, and the last result, if any."""

    shard_id: str
    records: Sequence[Record]
    condition: str
    invocations: int
    result: InvokeResult | None


def object_key(identity: MappingIdentity, shard_id: str, now: float, unique: str) -> str:
    """Return the S3 key: ``aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<unique>``."""
    return (
        f"aws/lambda/{identity.uuid}/{shard_id}/{datetime.fromtimestamp(now, UTC):%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{unique}"
    )


def document(identity: MappingIdentity, discarded: Discarded, now: float, request_id: str) -> bytes:
    """Return the JSON document; its ``payload`` is the whole event, as a string."""
    records = discarded.records
    result = discarded.result
    content: dict[str, Any] = {
        "requestContext": {
            "requestId": (result.request_id if result else "") or request_id,
            "functionArn": identity.function_arn,
            "condition": discarded.condition,
            "approximateInvokeCount": discarded.invocations,
        },
        "responseContext": _response_context(result),
        "version": "1.0",
        "timestamp": _timestamp(now),
        "KinesisBatchInfo": {
            "shardId": discarded.shard_id,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _timestamp(records[0].arrival),
            "approximateArrivalOfLastRecord": _timestamp(records[-1].arrival),
            "batchSize": len(records),
            "streamArn": identity.stream_arn,
        },
        "payload": json.dumps(kinesis_event(records, discarded.shard_id, identity.stream_arn)),
    }
    if result is None:
        del content["responseContext"]
    return json.dumps(content).encode()


def _response_context(result: InvokeResult | None) -> dict[str, Any]:
    """Return the response context; a partial answer is not an error, so it has no ``functionError``."""
    context: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if result is not None and result.function_error is not None:
        context["functionError"] = result.function_error
    return context


def _timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
