"""The calls that are made most, without what boto3 does for each call beside signing, JSON and HTTP.

That is most of a call's processor time, and the functions are bound by their processor. Region, endpoint, headers and
credentials stay boto3's: in each process it prepares an operation's first request, which is then not sent. The same
request is built here and compared. Only where both are equal are the operation's calls made here, else by boto3.
"""

import functools
import hashlib
import hmac
import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.handlers import add_recursion_detection_header
from botocore.parsers import create_parser

from broker.http_connections import HttpConnections, Reply, Request, decoded, place_of

# Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
ALGORITHM = "AWS4-HMAC-SHA256"
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=(?P<key>[^/]+)/\d{{8}}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<names>[^,]+), Signature=[0-9a-f]{64}"
)
# Headers that are the same in all requests of an operation.
FIXED = {"content-type", "user-agent", "amz-sdk-request", "x-amz-target", "x-amzn-query-mode", "accept-encoding"}
OF_EACH_CALL = {
    *("authorization", "x-amz-date", "x-amz-security-token", "x-amzn-trace-id"),
    *("amz-sdk-invocation-id", "content-length"),
}
NOT_COMPARED = {"amz-sdk-invocation-id", "content-length"}  # drawn by lot; added by http.client
_log = logging.getLogger(__name__)


class DirectCall:
    """One operation of a boto3 client, with the same arguments, answers and errors.

    It must be a POST of JSON whose URL does not depend on its arguments. ``credentials`` are boto3's, which refresh
    themselves. ``now()`` is in epoch seconds.
    """

    def __init__(
        self, client: Any, method: str, credentials: Any, http: HttpConnections, now: Callable[[], float]
    ) -> None:
        self._client = client
        self._by_boto3 = getattr(client, method)
        self._operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
        self._credentials = credentials
        self._http = http
        self._now = now
        self._lock = threading.Lock()
        self._is_compared = False
        self._signer: _Signer | None = None

    def __call__(self, **arguments: Any) -> Any:
        """Return the answer's members. Raises what boto3 raises."""
        if not self._is_compared:
            with self._lock:
                if not self._is_compared:
                    self._compare(arguments)
        if self._signer is None:
            return self._by_boto3(**arguments)
        body = json.dumps(arguments).encode()
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._now()))
        headers = self._signer.headers(body, timestamp, self._credentials.get_frozen_credentials())
        reply = self._http.send(Request("POST", self._signer.url, headers, body, self._client.meta.config.read_timeout))
        if reply.status >= 300:
            raise self._error(reply)
        return _members(reply.body)

    def _compare(self, arguments: Mapping[str, Any]) -> None:
        """Find out whether requests are signed here as by boto3. Raises what boto3 raises before it sends."""
        prepared = self._prepared_by_boto3(arguments)
        credentials = self._credentials.get_frozen_credentials()
        headers = decoded(prepared.headers)
        signed = AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
        if signed and signed["key"] != credentials.access_key:
            return  # the credentials were refreshed in between, so the next call compares
        fixed = {name: value for name, value in headers.items() if name.lower() not in OF_EACH_CALL}
        is_known = {name.lower() for name in fixed} <= FIXED
        if signed and is_known and (prepared.method, prepared.body) == ("POST", json.dumps(arguments).encode()):
            signer = _Signer(prepared.url, fixed, signed)
            ours = signer.headers(prepared.body, headers.get("X-Amz-Date", ""), credentials)
            self._signer = signer if _by_name(ours) == _by_name(headers) else None
        if self._signer is None:
            _log.warning("boto3 makes all calls of %s: it prepares them in another way", self._operation.name)
        self._is_compared = True

    def _prepared_by_boto3(self, arguments: Mapping[str, Any]) -> Any:
        thread = threading.get_ident()

        def instead_of_sending(request: Any, **_: Any) -> None:
            if threading.get_ident() == thread:
                raise _PreparedError(request)

        service = self._operation.service_model.service_id.hyphenize()
        event, events = f"before-send.{service}.{self._operation.name}", self._client.meta.events
        events.register_first(event, instead_of_sending)
        try:
            self._by_boto3(**arguments)
        except _PreparedError as prepared:
            return prepared.request
        finally:
            events.unregister(event, instead_of_sending)

    def _error(self, reply: Reply) -> Exception:
        """Return the ClientError that boto3 raises for a reply."""
        response = {"status_code": reply.status, "headers": reply.headers, "body": reply.body}
        service = self._operation.service_model
        parser = create_parser(service.metadata["protocol"])
        parsed = parser.parse(response, self._operation.output_shape)
        code = parsed["Error"]["Code"]
        shape = service.shape_for_error_code(code)
        if shape is not None:  # the members that this error has beside its message
            parsed.update(parser.parse(response, shape))
        kind = self._client.exceptions.from_code(
            parsed["Error"].get("QueryErrorCode", code)
        )  # SQS has codes of two kinds
        error: Exception = kind(parsed, self._operation.name)
        return error


class _Signer:
    """Makes the headers of an operation's requests, from one that boto3 prepared."""

    def __init__(self, url: str, fixed: Mapping[str, str], signed: re.Match[str]) -> None:
        """``fixed``: the headers that all requests have. ``signed``: what is in its Authorization header."""
        parts = urlsplit(url)
        self.url = url
        self._fixed = fixed
        names = set(signed["names"].split(";"))
        values = _by_name(fixed) | {"host": place_of(url).host_header}
        self._signed = {name: value for name, value in values.items() if name in names}
        self._path, self._query = quote(parts.path or "/", safe="/~"), parts.query
        self._region, self._service = signed["region"], signed["service"]

    def headers(self, body: bytes, timestamp: str, credentials: Any) -> dict[str, str]:
        """Return a request's headers; ``timestamp`` is the time at which it is signed, like 20260131T235959Z."""
        token = {"X-Amz-Security-Token": credentials.token} if credentials.token else {}
        headers = {**self._fixed, "X-Amz-Date": timestamp, **token, "amz-sdk-invocation-id": str(uuid.uuid4())}
        add_recursion_detection_header({"headers": headers})
        signed = self._signed | {"x-amz-date": timestamp} | _by_name(token)
        names = sorted(signed)
        canonical_headers = [f"{name}:{signed[name]}" for name in names]
        payload = hashlib.sha256(body).hexdigest()
        canonical = "\n".join(["POST", self._path, self._query, *canonical_headers, "", ";".join(names), payload])
        scope = f"{timestamp[:8]}/{self._region}/{self._service}/aws4_request"
        to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = _signing_key(credentials.secret_key, timestamp[:8], self._region, self._service)
        headers["Authorization"] = (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={';'.join(names)}, "
            f"Signature={hmac.digest(key, to_sign.encode(), 'sha256').hex()}"
        )
        return headers


@functools.lru_cache(maxsize=4)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class _PreparedError(Exception):
    """boto3 has prepared a request, and does not send it."""

    def __init__(self, request: Any) -> None:
        super().__init__(request)
        self.request = request


def _by_name(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() not in NOT_COMPARED}


def _members(body: bytes) -> dict[str, Any]:
    """Return an answer's members; none where the reply broke off, as boto3 does."""
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        return {}
    return {name: value for name, value in members.items() if value is not None} if isinstance(members, dict) else {}
