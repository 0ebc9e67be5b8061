"""Answers without moto's dispatch, which takes milliseconds each: to what is asked many times a second.

These are reads that find nothing, by pollers, and records that a stream takes. Each answer is what moto would answer.
Whatever else a request wants, or is refused for, is left to moto.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kinesis.models import kinesis_backends
from moto.kinesis.utils import compose_shard_iterator, decompose_shard_iterator
from moto.sqs.models import sqs_backends

from local_stack.aws import ACCOUNT, REGION
from local_stack.aws.speedups import BEFORE_FIRST

_MOST_MESSAGES = 10
_RECORD = {"StreamName", "PartitionKey", "Data"}


def direct_answer(operation: str, authorization: str, body: bytes) -> bytes | None:
    """Return the answer to a JSON request; None where moto is to answer."""
    find = _ANSWERS.get(operation)
    if find is None or f"/{REGION}/" not in authorization:
        return None
    try:
        answer = find(json.loads(body))
    except (KeyError, TypeError, ValueError, AttributeError, JsonRESTError):  # moto says in AWS's words what is wrong
        return None
    return None if answer is None else json.dumps(answer).encode()


def _no_records(request: Mapping[str, Any]) -> dict[str, Any] | None:
    stream, shard_id, number = decompose_shard_iterator(request["ShardIterator"])
    shard = kinesis_backends[ACCOUNT][REGION].streams[stream].shards[shard_id]
    after = max(int(number), BEFORE_FIRST)
    if shard.get_max_sequence_number() > after:
        return None
    iterator = compose_shard_iterator(stream, shard, after)
    return {"NextShardIterator": iterator, "Records": [], "MillisBehindLatest": 0}


def _no_messages(request: Mapping[str, Any]) -> dict[str, Any] | None:
    queue = sqs_backends[ACCOUNT][REGION].queues[request["QueueUrl"].rpartition("/")[2]]
    is_plain = request["WaitTimeSeconds"] == 0 and "VisibilityTimeout" not in request
    is_allowed = 1 <= request["MaxNumberOfMessages"] <= _MOST_MESSAGES
    return {} if is_plain and is_allowed and not queue.messages else None


def _put_record(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Put a record, or raise before there is one: a record that is refused is put by nobody, and by moto once more."""
    if request.keys() != _RECORD or not all(isinstance(value, str) for value in request.values()):
        return None
    kinesis = kinesis_backends[ACCOUNT][REGION]
    number, shard_id = kinesis.put_record("", request["StreamName"], request["PartitionKey"], "", request["Data"])
    return {"SequenceNumber": number, "ShardId": shard_id}


_ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]] = {
    "kinesis.GetRecords": _no_records,
    "kinesis.PutRecord": _put_record,
    "sqs.ReceiveMessage": _no_messages,
}
