"""The size of a record on moto's streams: at most 1 MiB, or what the stream was created with, as in AWS.

moto refuses records over 1 MiB in PutRecords, whatever the stream allows, and takes any size in PutRecord. A record is
its data and its partition key; the refusal is worded as AWS words it (awslabs/amazon-kinesis-producer#680).
https://docs.aws.amazon.com/streams/latest/dev/large-records.html
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.kinesis.exceptions import TooManyRecords
from moto.kinesis.models import KinesisBackend, Stream
from moto.kinesis.responses import KinesisResponse

SMALLEST, LARGEST = 1_024, 10_240  # KiB that a stream may allow
MOST_RECORDS, MOST_BYTES = 500, 10 * 2**20  # of one PutRecords
_create, _put, _summary = KinesisResponse.create_stream, KinesisBackend.put_record, Stream.to_json_summary


def limit_record_size() -> None:
    """Replace moto's limits; calling it twice changes nothing more."""
    KinesisResponse.create_stream = _create_stream  # type: ignore[method-assign]
    KinesisBackend.put_record = _put_record  # type: ignore[method-assign]
    KinesisBackend.put_records = _put_records  # type: ignore[method-assign]
    Stream.to_json_summary = _summary_with_size  # type: ignore[method-assign]


def _create_stream(self: KinesisResponse) -> ActionResult:
    size = self._get_param("MaxRecordSizeInKiB", SMALLEST)
    if not SMALLEST <= size <= LARGEST:
        raise _refused("maxRecordSizeInKiB", f"Member must have value between {SMALLEST} and {LARGEST}")
    answer = _create(self)
    self.kinesis_backend.streams[self._get_param("StreamName")].max_record_kib = size  # type: ignore[attr-defined]
    return answer


def _summary_with_size(self: Stream) -> dict[str, Any]:
    answer = _summary(self)
    answer["StreamDescriptionSummary"]["MaxRecordSizeInKiB"] = _limit(self) // 1024
    return answer


def _put_record(
    self: KinesisBackend, stream_arn: str, stream_name: str, partition_key: str, explicit_hash_key: str, data: str
) -> tuple[str, str]:
    stream = self.describe_stream(stream_arn=stream_arn, stream_name=stream_name)
    _check(stream, {"Data": data, "PartitionKey": partition_key}, "data")
    return _put(self, stream_arn, stream_name, partition_key, explicit_hash_key, data)


def _put_records(
    self: KinesisBackend, stream_arn: str, stream_name: str, records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    stream = self.describe_stream(stream_arn=stream_arn, stream_name=stream_name)
    if len(records) > MOST_RECORDS:
        raise TooManyRecords
    sizes = [_check(stream, record, f"records.{number}.member.data") for number, record in enumerate(records, 1)]
    if sum(sizes) > MOST_BYTES:
        raise JsonRESTError("InvalidArgumentException", f"Records size exceeds {MOST_BYTES // 2**20} MiB limit")
    put = [stream.put_record(one["PartitionKey"], one.get("ExplicitHashKey") or "", one["Data"]) for one in records]
    answers = [{"SequenceNumber": number, "ShardId": shard} for number, shard in put]
    return {"FailedRecordCount": 0, "Records": answers}


def _check(stream: Stream, record: Mapping[str, Any], place: str) -> int:
    """Return a record's bytes. Raises JsonRESTError if they are too many for the stream."""
    size = len(b64decode(record.get("Data") or "")) + len((record.get("PartitionKey") or "").encode())
    limit = _limit(stream)
    if size > limit:
        raise _refused(place, f"Member must have length less than or equal to {limit}")
    return size


def _limit(stream: Stream) -> int:
    return int(getattr(stream, "max_record_kib", SMALLEST)) * 1024


def _refused(place: str, constraint: str) -> JsonRESTError:
    said = f"1 validation error detected: Value at '{place}' failed to satisfy constraint: {constraint}"
    return JsonRESTError("ValidationException", said)
