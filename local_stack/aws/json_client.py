"""Calls of a local JSON service without botocore's client, which takes most of a call's processor time.

For pollers, which ask many times a second. The local services read a signature's scope and check no signature.
"""

import json
from typing import Any, Literal

import urllib3

from local_stack.aws import REGION

_PROTOCOLS = {"kinesis": ("Kinesis_20131202", "1.1"), "sqs": ("AmazonSQS", "1.0")}
_CONNECT_SECONDS, _READ_SECONDS = 2.0, 10.0


class CallFailed(Exception):
    """The service refused a call, or did not answer it whole."""


class JsonClient:
    """A client for one service at a local endpoint. Thread-safe; each call is tried once."""

    def __init__(self, service: Literal["kinesis", "sqs"], endpoint: str, *, connections: int = 1) -> None:
        self._target, version = _PROTOCOLS[service]
        scope = f"local/20260101/{REGION}/{service}/aws4_request"
        self._headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "Content-Type": f"application/x-amz-json-{version}",
        }
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._pool = urllib3.connection_from_url(endpoint, maxsize=connections, timeout=timeout, retries=False)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer as it came: blobs in base64, times in epoch seconds. Raises CallFailed."""
        headers = self._headers | {"X-Amz-Target": f"{self._target}.{operation}"}
        try:
            answer = self._pool.urlopen("POST", "/", body=json.dumps(request), headers=headers)
            content = json.loads(answer.data) if answer.status == 200 else None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise CallFailed(f"{operation}: {error}") from error
        if not isinstance(content, dict):
            raise CallFailed(f"{operation}: {answer.status} {answer.data[:200].decode(errors='replace')}")
        return content
