"""How the functions reach AWS, and how long an invocation may go on starting calls."""

import functools
import time
from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.session import get_session
from botocore.utils import get_environ_proxies

from broker.direct_calls import DirectCall
from broker.failures import Unavailable
from broker.http_connections import HttpConnections, Request, decoded
from broker.tls import tls_context

# Seconds; boto3's own are 60 each, long enough to lose an invocation. Connecting includes TLS, which takes a second and
# more where a cold process opens all of its connections at once.
CONNECT_TIMEOUT, READ_TIMEOUT = 5, 5
IMPATIENT_READ_TIMEOUT = 1  # of services that answer within 0.2 s
LAST_CALL_MARGIN_S = (
    10.0  # seconds before the function's timeout after which no further call starts: one call and the wrap-up
)
SHUTDOWN_RESERVE_S = 3.0  # of them, in which what is bad is kept, users are asked for, and messages are postponed


class Aws:
    """A boto3 session whose clients share connections.

    ``connections`` is how many calls a client makes at once. ``now()`` is in epoch seconds.
    """

    def __init__(self, connections: int, now: Callable[[], float] = time.time) -> None:
        self._botocore = get_session()
        self._boto3 = boto3.Session(botocore_session=self._botocore)
        self._connections = connections
        self._now = now
        bundle = get_cert_path(self._botocore.get_config_variable("ca_bundle") or True)
        self._http = HttpConnections(functools.partial(tls_context, bundle), CONNECT_TIMEOUT)

    def client(self, service: str, *, read_timeout: float = READ_TIMEOUT) -> Any:
        """Return a boto3 client with short timeouts and without retries: each system's module has its own retry rule.

        It sends over the shared connections, but over its own what needs a proxy, or what is sent in pieces (S3).
        """
        config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=read_timeout,
            max_pool_connections=self._connections,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        client = self._boto3.client(service, config=config)
        if not _has_proxy(client):
            client.meta.events.register("before-send", functools.partial(self._send, read_timeout=read_timeout))
        return client

    def direct_client(self, service: str, *methods: str, read_timeout: float = READ_TIMEOUT) -> Any:
        """Return what has some methods of such a client, at a fraction of their processor time; see DirectCall."""
        client = self.client(service, read_timeout=read_timeout)
        if _has_proxy(client):
            return client
        credentials = self._boto3.get_credentials()
        calls = {method: DirectCall(client, method, credentials, self._http, self._now) for method in methods}
        return SimpleNamespace(meta=client.meta, **calls)

    def _send(self, request: Any, read_timeout: float, **_: Any) -> AWSResponse | None:
        """Send what boto3 has prepared. None leaves it to boto3."""
        if not isinstance(request.body, bytes):
            return None
        headers = decoded(request.headers)
        reply = self._http.send(Request(request.method, request.url, headers, request.body, read_timeout))
        return AWSResponse(request.url, reply.status, reply.headers, _Raw(reply.body))


class _Raw(BytesIO):
    """A body as AWSResponse reads it."""

    def stream(self) -> list[bytes]:
        return [self.read()]


def _has_proxy(client: Any) -> bool:
    url = client.meta.endpoint_url
    return urlsplit(url).scheme in get_environ_proxies(url)


def deadline(context: Any) -> float:
    """Return the epoch second after which no further call is started, from Lambda's context."""
    left: float = context.get_remaining_time_in_millis() / 1000
    return time.time() + max(left - LAST_CALL_MARGIN_S, left / 2)


def body_of(answer: Any) -> bytes:
    """Return the body of GetObject's answer. Raises Unavailable for half a reply, in which botocore leaves it out."""
    if "Body" not in answer:
        raise Unavailable("GetObject: half a reply")
    body: bytes = answer["Body"].read()
    return body
