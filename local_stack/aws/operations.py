"""The AWS operation of an HTTP request, in boto3's spelling: ``kinesis.PutRecord``, ``s3.PutObject``."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.datastructures import Headers

from faults.answers import from_aws
from faults.injection import Faults
from faults.middleware import App, Scope, WithFaults

_S3_OBJECT = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
_S3_BUCKET = {"GET": "ListObjects", "PUT": "CreateBucket", "HEAD": "HeadBucket", "DELETE": "DeleteBucket"}


def service_name(headers: Mapping[str, str]) -> str:
    """Return the service's name from the signature's credential scope; unsigned requests are for S3, as in AWS."""
    credential = headers.get("authorization", "").partition("Credential=")[2].split(",")[0]
    parts = credential.split("/")
    return parts[3] if len(parts) == 5 else "s3"


def operation_name(service: str, method: str, path: str, query: bytes, headers: Mapping[str, str], body: bytes) -> str:
    """Return ``service.Operation`` for any of AWS's protocols: JSON (a header), query (in the body), REST (S3)."""
    target = headers.get("x-amz-target")
    if target:
        return f"{service}.{target.rpartition('.')[2]}"
    if service == "s3":
        return f"s3.{_s3_operation(method, path, query)}"
    form = parse_qs(body.decode("latin-1")) if body.startswith((b"Action=", b"Version=")) else {}
    return f"{service}.{form.get('Action', [method])[0]}"


def _s3_operation(method: str, path: str, query: bytes) -> str:
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    if key:
        return _S3_OBJECT.get(method, method)
    if b"list-type=2" in query:
        return "ListObjectsV2"
    if method == "POST" and b"delete" in query:
        return "DeleteObjects"
    return _S3_BUCKET.get(method, method)


def with_faults(app: App, faults: Faults) -> WithFaults:
    """Return moto's services with their fault injection."""
    return WithFaults(app, faults, operation_name=_operation_name, refuse=from_aws)


def _operation_name(scope: Scope, headers: Headers, body: bytes) -> str:
    return operation_name(service_name(headers), scope["method"], scope["path"], scope["query_string"], headers, body)
