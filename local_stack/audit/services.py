"""The content of the services, read from outside: stream, Personalize's deliveries, quarantine, on-failure objects."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_stack import loopback
from local_stack.audit.reconciliation import Holdings, Position
from local_stack.audit.rows import Row, StreamRecord, customer_events, from_put_event

PAGE = 10_000
WHOLE = ("exception", "too_large")  # reasons of a row that stands for its whole record


def stream_records(kinesis: Any, stream_name: str) -> list[StreamRecord]:
    """Return every record of a stream without trimming, by shard and in order."""
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream_name)["Shards"]]
    return [record for shard in shards for record in _shard_records(kinesis, stream_name, shard)]


def deliveries(personalize_url: str) -> list[dict[str, Any]]:
    """Return all events that Personalize accepted, in order of arrival, repeats included."""
    accepted: list[dict[str, Any]] = []
    while True:
        query = {"after": len(accepted), "limit": PAGE}
        page = loopback.get(f"{personalize_url}/_local/events", params=query, timeout=30).json()["events"]
        accepted += page
        if len(page) < PAGE:
            return accepted


def holdings(
    accepted: Iterable[Mapping[str, Any]],
    s3: Any,
    *,
    quarantine_bucket: str,
    on_failure_bucket: str,
    still_on_stream: set[Position],
) -> Holdings:
    """Return the content of the services, with the buckets read from S3."""
    quarantine, on_failure = _objects(s3, quarantine_bucket, "ingest/"), _objects(s3, on_failure_bucket, "aws/lambda/")
    return holdings_from(accepted, quarantine, on_failure, still_on_stream)


def holdings_from(
    accepted: Iterable[Mapping[str, Any]],
    quarantine: Iterable[bytes],
    on_failure: Iterable[bytes],
    still_on_stream: set[Position],
) -> Holdings:
    """Return the content of the services; ``quarantine`` (ingest's) and ``on_failure`` are the objects' bodies."""
    rows = [json.loads(line) for data in quarantine for line in data.splitlines() if line]
    event_ids: dict[Row, set[str]] = {}
    for event in customer_events(accepted):
        event_ids.setdefault(from_put_event(event["userId"], event), set()).add(event["eventId"])
    return Holdings(
        accepted=event_ids,
        quarantined={(row["source"], row["sequence_number"], row["index"]) for row in rows},
        quarantined_whole={(row["source"], row["sequence_number"]) for row in rows if row["reason"] in WHOLE},
        on_failure={where for data in on_failure for where in _given_up(json.loads(data))},
        still_on_stream=still_on_stream,
    )


def _shard_records(kinesis: Any, stream_name: str, shard_id: str) -> Iterator[StreamRecord]:
    iterator = kinesis.get_shard_iterator(StreamName=stream_name, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    while True:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=PAGE)
        if not answer["Records"]:
            return
        for record in answer["Records"]:
            arrived_ms = round(record["ApproximateArrivalTimestamp"].timestamp() * 1000)
            yield StreamRecord(shard_id, record["SequenceNumber"], arrived_ms, record["Data"])
        iterator = answer["NextShardIterator"]


def _objects(s3: Any, bucket: str, prefix: str = "") -> Iterator[bytes]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            yield s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()


def _given_up(document: Mapping[str, Any]) -> Iterator[Position]:
    payload = document["payload"]
    event = json.loads(payload) if isinstance(payload, str) else payload
    for record in event["Records"]:
        shard, _, number = record["eventID"].partition(":")
        yield shard, number
