"""HTTP connections to AWS that are kept open between requests, shared by all clients and threads of a process.

The errors are botocore's, so that a caller need not know whether boto3 sent a request or this module.
"""

import functools
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, as it is sent; ``read_timeout`` is the longest silence of the other side in seconds."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    read_timeout: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply, whatever its status. ``body`` is the part of it that came where the connection broke off."""

    status: int
    headers: HTTPMessage
    body: bytes


class Place(NamedTuple):
    """Where a URL leads: what to connect to, what to ask for there, and the Host header that is sent and signed."""

    is_tls: bool
    host: str
    port: int | None
    target: str
    host_header: str


@functools.lru_cache(maxsize=64)
def place_of(url: str) -> Place:
    """Read a URL."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    header = f"[{host}]" if ":" in host else host
    if parts.port not in (None, {"http": 80, "https": 443}.get(parts.scheme)):
        header += f":{parts.port}"
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return Place(parts.scheme == "https", host, parts.port, target, header)


def decoded(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    """Return headers as text; of those that boto3 prepares, most are bytes."""
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}


class _NoReply(ConnectionClosedError):  # type: ignore[misc]
    pass


class HttpConnections:
    """Connections to any number of hosts. One serves one request at a time, and is kept after a whole reply only.

    ``tls()`` gives the context of TLS connections. ``connect_timeout`` is in seconds.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext], connect_timeout: float) -> None:
        self._tls = tls
        self._connect_timeout = connect_timeout
        # By TLS and host. Appending to a list, and popping from it, need no lock.
        self._idle: defaultdict[tuple[bool, str], list[HTTPConnection]] = defaultdict(list)

    def send(self, request: Request) -> Reply:
        """Send a request. Raises botocore's ConnectionError or HTTPClientError.

        The other side may have closed a kept connection, above all while Lambda had stopped this process. So what gets
        no reply on one is sent once more, on a new one: all requests of the broker are safe to repeat.
        """
        place = place_of(request.url)
        idle = self._idle[place.is_tls, place.host_header]
        kept = _pop(idle)
        if kept is not None:
            with suppress(_NoReply):
                return _exchange(kept, place, request, idle)
        return _exchange(self._connect(place, request.url), place, request, idle)

    def _connect(self, place: Place, url: str) -> HTTPConnection:
        host, port, timeout = place.host, place.port, self._connect_timeout
        try:
            if place.is_tls:
                connection: HTTPConnection = HTTPSConnection(host, port, timeout=timeout, context=self._tls())
            else:
                connection = HTTPConnection(host, port, timeout=timeout)
            connection.connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from None
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=url, error=error) from None
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=url, error=error) from None
        return connection


def _pop(idle: list[HTTPConnection]) -> HTTPConnection | None:
    try:
        return idle.pop()
    except IndexError:
        return None


def _exchange(connection: HTTPConnection, place: Place, request: Request, idle: list[HTTPConnection]) -> Reply:
    """Send a request on an open connection, which becomes idle again or is closed."""
    response = HTTPResponse(connection.sock, method=request.method)
    is_begun = is_kept = False
    try:
        connection.sock.settimeout(request.read_timeout)
        connection.sock.sendall(_message(place, request))
        response.begin()
        is_begun = True
        try:
            body = response.read()
            is_kept = not response.will_close
        except IncompleteRead as error:
            body = error.partial
        return Reply(response.status, response.headers, body)
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=request.url, error=error) from None
    except (ConnectionError, ssl.SSLError) as error:
        raise (ConnectionClosedError if is_begun else _NoReply)(endpoint_url=request.url, error=error) from None
    except (OSError, HTTPException) as error:
        raise HTTPClientError(error=error) from None
    finally:
        response.close()
        if is_kept:
            idle.append(connection)
        else:
            connection.close()


def _message(place: Place, request: Request) -> bytes:
    """Return a request in one piece; http.client would send head and body one after the other."""
    headers = {
        "Host": place.host_header,
        "Accept-Encoding": "identity",
        "Content-Length": str(len(request.body)),
        **request.headers,
    }
    lines = [f"{request.method} {place.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join(lines).encode()
    if head.count(b"\n") + head.count(b"\r") != 2 * len(headers):
        raise HTTPException("a line break in a header")
    return b"".join((head, b"\r\n\r\n", request.body))
