"""What has no direct answer is left to moto as it came: nothing is put before moto is asked."""

import json
from typing import Any

import pytest
from moto.kinesis.models import kinesis_backends

from local_stack.aws import ACCOUNT, REGION
from local_stack.aws.direct_answers import direct_answer

SIGNED = f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/kinesis/aws4_request"
RECORD = {"StreamName": "untouched", "PartitionKey": "key", "Data": "eA=="}


@pytest.mark.parametrize(
    "wanted",
    [{"Data": None}, {"ExplicitHashKey": "1"}, {"StreamARN": "arn"}, {"SequenceNumberForOrdering": "1"}],
    ids=str,
)
def test_more_than_a_plain_record_is_not_put(wanted: dict[str, Any]) -> None:
    kinesis = kinesis_backends[ACCOUNT][REGION]
    kinesis.create_stream("untouched", 1)
    try:
        assert direct_answer("kinesis.PutRecord", SIGNED, json.dumps(RECORD | wanted).encode()) is None
        assert not any(shard.records for shard in kinesis.streams["untouched"].shards.values())
        assert direct_answer("kinesis.PutRecord", SIGNED, json.dumps(RECORD).encode()) is not None
        assert direct_answer("kinesis.PutRecords", SIGNED, json.dumps(RECORD).encode()) is None
        elsewhere = SIGNED.replace(REGION, "eu-west-1")
        assert direct_answer("kinesis.PutRecord", elsewhere, json.dumps(RECORD).encode()) is None
    finally:
        kinesis.delete_stream(None, "untouched")
