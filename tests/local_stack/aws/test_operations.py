"""Which operation of which service a request asks for, in each of AWS's protocols."""

import pytest

from local_stack.aws.operations import operation_name, service_name


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "expected"),
    [
        ("POST", "/", b"", {"x-amz-target": "Kinesis_20131202.PutRecord"}, b"{}", "kinesis.PutRecord"),
        ("POST", "/", b"", {}, b"Action=GetCallerIdentity&Version=2011-06-15", "sts.GetCallerIdentity"),
        ("GET", "/bucket", b"list-type=2", {}, b"", "s3.ListObjectsV2"),
        ("GET", "/", b"", {}, b"", "s3.ListBuckets"),
        ("DELETE", "/bucket/key", b"", {}, b"", "s3.DeleteObject"),
    ],
)
def test_an_operation_is_recognised_in_every_protocol(
    method: str, path: str, query: bytes, headers: dict[str, str], body: bytes, expected: str
) -> None:
    service = expected.partition(".")[0]
    assert operation_name(service, method, path, query, headers, body) == expected


def test_the_service_comes_from_the_signature() -> None:
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, Signature=x"}

    assert service_name(signed) == "sqs"
    assert service_name({}) == "s3"
