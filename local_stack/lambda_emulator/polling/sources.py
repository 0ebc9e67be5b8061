"""The pollers' stream, queue and destination at an AWS endpoint, through boto3."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_stack.lambda_emulator.polling.events import Message, QueueFailed, ReadFailed, Record
from local_stack.lambda_emulator.polling.on_failure import Deliver, DeliveryFailed

BATCH = 10


class KinesisSource:
    """Reads a stream's shards. One poller reads each shard; its iterator is kept between reads.

    ``begin``: the arrival of the first record, in epoch seconds; None: the oldest one.
    """

    def __init__(self, client: Any, stream_name: str, begin: float | None = None) -> None:
        self._client = client
        self._stream_name = stream_name
        self._begin = begin
        self._iterators: dict[str, tuple[str | None, str]] = {}

    def read(self, shard_id: str, position: str | None, limit: int) -> Sequence[Record]:
        """See ``RecordSource``."""
        try:
            answer = self._client.get_records(ShardIterator=self._iterator(shard_id, position), Limit=limit)
            # A broken-off reply arrives as an empty answer.
            entries, next_iterator = answer["Records"], answer["NextShardIterator"]
        except (BotoCoreError, ClientError, KeyError) as error:
            # An iterator may have expired; the position never does.
            self._iterators.pop(shard_id, None)
            raise ReadFailed(str(error)) from error
        records = [_record(record) for record in entries]
        newest = records[-1].sequence_number if records else position
        self._iterators[shard_id] = (newest, next_iterator)
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
        answer = self._client.get_shard_iterator(StreamName=self._stream_name, ShardId=shard_id, **start)
        return str(answer["ShardIterator"])


def _record(record: dict[str, Any]) -> Record:
    return Record(
        sequence_number=record["SequenceNumber"],
        partition_key=record["PartitionKey"],
        data=record["Data"],
        arrival=record["ApproximateArrivalTimestamp"].timestamp(),
    )


class SqsQueue:
    """Receives from and deletes in one queue without waiting, which the poller does."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def receive(self, limit: int) -> Sequence[Message]:
        """See ``QueueTransport``."""
        try:
            answer = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except (BotoCoreError, ClientError) as error:
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
            answer = self._client.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
        except (BotoCoreError, ClientError):
            return [entry["Id"] for entry in entries]
        return [failure["Id"] for failure in answer.get("Failed", ())]


def _message(message: dict[str, Any]) -> Message:
    return Message(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        md5_of_body=message["MD5OfBody"],
        attributes=message.get("Attributes", {}),
        message_attributes=message.get("MessageAttributes", {}),
    )


def to_bucket(client: Any, bucket: str) -> Deliver:
    """Return a function that stores on-failure documents in a bucket."""

    def deliver(key: str, content: bytes) -> None:
        try:
            client.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
        except (BotoCoreError, ClientError) as error:
            raise DeliveryFailed(str(error)) from error

    return deliver
