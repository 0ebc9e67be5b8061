"""What is given up reaches S3 in AWS's form."""

import json

from local_stack.lambda_emulator.invocation import InvokeResult, failed
from local_stack.lambda_emulator.polling.events import kinesis_event
from local_stack.lambda_emulator.polling.on_failure import (
    RETRIES_EXHAUSTED,
    TOO_OLD,
    Discarded,
    MappingIdentity,
    document,
    object_key,
)
from tests.local_stack.lambda_emulator.virtual import record

IDENTITY = MappingIdentity(
    "f89f8514",
    "arn:aws:kinesis:us-east-1:123456789012:stream/clicks",
    "arn:aws:lambda:us-east-1:123456789012:function:ingest",
)
NOW = 1573691886.021  # 2019-11-14T00:38:06.021Z
RECORDS = [record(7, arrival=NOW - 1.186), record(9, arrival=NOW - 0.441)]


def test_the_key_names_mapping_shard_day_and_second() -> None:
    key = object_key(IDENTITY, "shardId-000000000001", NOW, "unique")

    assert key == "aws/lambda/f89f8514/shardId-000000000001/2019/11/14/2019-11-14T00.38.06-unique"


def test_the_document_has_awss_form_with_the_whole_event_as_a_string() -> None:
    discarded = Discarded(
        "shardId-000000000001", RECORDS, RETRIES_EXHAUSTED, 3, failed("ValueError", "no", "request-1")
    )

    content = json.loads(document(IDENTITY, discarded, NOW, "unused"))

    payload = json.loads(content.pop("payload"))
    assert payload == kinesis_event(RECORDS, "shardId-000000000001", IDENTITY.stream_arn)
    assert content == {
        "requestContext": {
            "requestId": "request-1",
            "functionArn": IDENTITY.function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2019-11-14T00:38:06.021Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000001",
            "startSequenceNumber": "7",
            "endSequenceNumber": "9",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:38:05.580Z",
            "batchSize": 2,
            "streamArn": IDENTITY.stream_arn,
        },
    }


def test_after_a_partial_answer_there_is_no_function_error() -> None:
    content = json.loads(document(IDENTITY, Discarded("s", RECORDS, TOO_OLD, 1, InvokeResult()), NOW, "id"))

    assert content["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_records_that_were_never_tried_have_no_response_context() -> None:
    content = json.loads(document(IDENTITY, Discarded("s", RECORDS, TOO_OLD, 0, None), NOW, "id"))

    assert "responseContext" not in content
    assert content["requestContext"]["requestId"] == "id"
