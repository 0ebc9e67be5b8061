"""The events in which records and messages reach a function are AWS's, field by field."""

import json

from local_stack.lambda_emulator.polling.events import (
    Message,
    Record,
    kinesis_event,
    message_bytes,
    payload_bytes,
    sqs_event,
)

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:refresh"


def test_a_kinesis_event_has_awss_form() -> None:
    record = Record("49590338271490256608559692538361571095921575989136588898", "1", b"Hello", 1545084650.987)

    assert kinesis_event([record], "shardId-000000000006", STREAM) == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "1",
                    "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                    "data": "SGVsbG8=",
                    "approximateArrivalTimestamp": 1545084650.987,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/local-ingest",
                "awsRegion": "us-east-1",
                "eventSourceARN": STREAM,
            }
        ]
    }


def test_an_sqs_event_has_awss_form() -> None:
    message = Message(
        "059f36b4",
        "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "Test message.",
        "e4e68fb7bd0e697a0ae8f1bb342846b3",
        {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
        {"kind": {"DataType": "String", "StringValue": "a"}, "raw": {"DataType": "Binary", "BinaryValue": b"\x01"}},
    )

    assert sqs_event([message], QUEUE) == {
        "Records": [
            {
                "messageId": "059f36b4",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": "Test message.",
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
                "messageAttributes": {
                    "kind": {
                        "stringValue": "a",
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "String",
                    },
                    "raw": {
                        "binaryValue": "AQ==",
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "Binary",
                    },
                },
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE,
                "awsRegion": "us-east-1",
            }
        ]
    }


def test_the_weight_of_an_item_is_never_below_what_it_takes_in_the_event() -> None:
    record = Record("4" * 56, "é" * 64, b"\x00" * 1001, 1545084650.987)
    message = Message("i" * 36, "r" * 300, '{"a": "é\n"}', "m" * 32, {"SentTimestamp": "1", "SenderId": "S" * 30})

    assert payload_bytes(record) >= len(json.dumps(kinesis_event([record], "shardId-000000000006", STREAM)["Records"]))
    assert message_bytes(message) >= len(json.dumps(sqs_event([message], QUEUE)["Records"]))
