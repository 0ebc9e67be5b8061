"""The pollers' stream, queue and destination at a local endpoint of AWS's services."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_stack.aws.json_client import CallFailed, JsonClient
from local_stack.lambda_emulator.polling.events import Message, QueueFailed, ReadFailed, Record
from local_stack.lambda_emulator.polling.on_failure import Deliver, DeliveryFailed

BATCH = 10


class KinesisSource:
    """Reads a stream's shards. One poller reads each shard; its iterator is kept between reads.

    ``begin``: the arrival of the first record, in epoch seconds; None: the oldest one.
    """

    def __init__(self, client: JsonClient, stream_name: str, begin: float | None = None) -> None:
        self._client = client
        self._stream_name = stream_name
        self._begin = begin
        self._iterators: dict[str, tuple[str | None, str]] = {}

    def read(self, shard_id: str, position: str | None, limit: int) -> Sequence[Record]:
        """See ``RecordSource``."""
        try:
            request = {"ShardIterator": self._iterator(shard_id, position), "Limit": limit}
            answer = self._client.call("GetRecords", request)
        except CallFailed as error:
            # An iterator may have expired; the position never does.
            self._iterators.pop(shard_id, None)
            raise ReadFailed(str(error)) from error
        records = [_record(record) for record in answer["Records"]]
        newest = records[-1].sequence_number if records else position
        self._iterators[shard_id] = (newest, answer["NextShardIterator"])
        return records

    def _iterator(self, shard_id: str, position: str | None) -> str:
        cached = self._iterators.get(shard_id)
        if cached is not None and cached[0] == position:
            return cached[1]
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if position is not None:
            start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": position}
        elif self._begin is not None:
            start = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self._begin}
        request = {"StreamName": self._stream_name, "ShardId": shard_id, **start}
        answer = self._client.call("GetShardIterator", request)
        return str(answer["ShardIterator"])


def _record(record: dict[str, Any]) -> Record:
    return Record(
        sequence_number=record["SequenceNumber"],
        partition_key=record["PartitionKey"],
        data=b64decode(record["Data"]),
        arrival=float(record["ApproximateArrivalTimestamp"]),
    )


class SqsQueue:
    """Receives from and deletes in one queue without waiting, which the poller does."""

    def __init__(self, client: JsonClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url
        every = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        self._request = {"QueueUrl": queue_url, "WaitTimeSeconds": 0, **every}

    def receive(self, limit: int) -> Sequence[Message]:
        """See ``QueueTransport``."""
        try:
            answer = self._client.call("ReceiveMessage", {**self._request, "MaxNumberOfMessages": limit})
        except CallFailed as error:
            raise QueueFailed(str(error)) from error
        return [_message(message) for message in answer.get("Messages", ())]

    def delete(self, messages: Sequence[Message]) -> None:
        """See ``QueueTransport``."""
        failed: list[str] = []
        for start in range(0, len(messages), BATCH):
            failed += self._delete_batch(messages[start : start + BATCH])
        if failed:
            raise QueueFailed(f"{len(failed)} messages were not deleted")

    def _delete_batch(self, messages: Sequence[Message]) -> list[str]:
        entries = [{"Id": str(i), "ReceiptHandle": message.receipt_handle} for i, message in enumerate(messages)]
        try:
            answer = self._client.call("DeleteMessageBatch", {"QueueUrl": self._queue_url, "Entries": entries})
        except CallFailed:
            return [entry["Id"] for entry in entries]
        return [failure["Id"] for failure in answer.get("Failed", ())]


def _message(message: dict[str, Any]) -> Message:
    return Message(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        md5_of_body=message["MD5OfBody"],
        attributes=message.get("Attributes", {}),
        message_attributes={name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
    )


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute with its bytes."""
    return value | {"BinaryValue": b64decode(value["BinaryValue"])} if "BinaryValue" in value else value


def to_bucket(client: Any, bucket: str) -> Deliver:
    """Return a function that stores on-failure documents in a bucket."""

    def deliver(key: str, content: bytes) -> None:
        try:
            client.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(str(error)) from error

    return deliver
