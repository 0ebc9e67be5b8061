"""Customers of the shop who click, as their browsers do it: a page, the list as it changes, and the SDK's batch."""

import itertools
import json
import random
import re
import selectors
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import urllib3

from local_stack.mparticle.inputs import INPUTS

THREADS = 8
SECONDS = 60.0  # a busy machine may be slow
# A server may close a connection that was kept, just when it is used again.
AGAIN = urllib3.Retry(3, allowed_methods=None, backoff_factor=0.1, raise_on_status=False)
SHOWN = re.compile(r'data-shown="([^"]*)"')


class Streams:
    """Connections with server-sent events, read and thrown away by one thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (str(parts.hostname), int(parts.port or 80))
        self._open = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def open(self, path: str, cookie: str = "") -> socket.socket:
        """Open a stream."""
        connection = socket.create_connection(self._address, timeout=SECONDS)
        lines = [f"GET {path} HTTP/1.1", f"Host: {self._address[0]}:{self._address[1]}", "Accept: text/event-stream"]
        lines += [f"Cookie: {cookie}"] if cookie else []
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        connection.setblocking(False)
        with self._lock:
            self._open.register(connection, selectors.EVENT_READ)
        return connection

    def close(self, connection: socket.socket) -> None:
        """Close a stream."""
        with self._lock:
            if connection in {key.fileobj for key in self._open.get_map().values()}:
                self._open.unregister(connection)
            connection.close()

    def _read(self) -> None:
        while not self._ended.is_set():
            if not self._open.get_map():
                self._ended.wait(0.1)
                continue
            for key, _ in self._open.select(0.1):
                self._take(key.fileobj)

    def _take(self, connection: Any) -> None:
        with self._lock:
            try:
                if connection.fileno() >= 0 and not connection.recv(1 << 16):
                    self._open.unregister(connection)
            except BlockingIOError:
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        for key in list(self._open.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]


class Customer:
    """One browser with a page of the shop open."""

    def __init__(self, http: urllib3.PoolManager, streams: Streams, shop: str, mparticle: str) -> None:
        self._http, self._streams, self._shop, self._mparticle = http, streams, shop, mparticle
        self._device = str(uuid.uuid4())
        self._mpid = self._cookie = ""
        self._stream: socket.socket | None = None

    def click(self, item: str) -> None:
        """Open an item's page, follow its list, and report the view."""
        if not self._mpid:
            self._arrive()
        page = self._send("GET", f"{self._shop}/items/{item}").data.decode()
        self._follow(page)
        self._send("POST", f"{self._mparticle}/v3/JS/{INPUTS['web'].key}/events", json.dumps(self._batch(item)))

    def _arrive(self) -> None:
        answer = self._send("GET", f"{self._shop}/")
        self._cookie = answer.headers["set-cookie"].partition(";")[0]
        known = {"environment": "production", "known_identities": {"device_application_stamp": self._device}}
        headers = {"x-mp-key": INPUTS["web"].key, "Content-Type": "application/json"}
        identity = self._send("POST", f"{self._mparticle}/v1/identify", json.dumps(known), headers)
        self._mpid = identity.json()["mpid"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self._send("POST", f"{self._shop}/me", urlencode({"mpid": self._mpid}), form)

    def _follow(self, page: str) -> None:
        if self._stream:
            self._streams.close(self._stream)
        found = SHOWN.search(page)
        self._stream = self._streams.open(f"/live?{urlencode({'shown': found[1] if found else ''})}", self._cookie)

    def _batch(self, item: str) -> dict[str, Any]:
        now = time.time_ns() // 1_000_000
        data = {
            "product_action": {"action": "view_detail", "products": [{"id": item, "quantity": 1}]},
            "timestamp_unixtime_ms": now,
            "session_uuid": self._device.upper(),
            "source_message_id": str(uuid.uuid4()),
        }
        return {
            "source_request_id": str(uuid.uuid4()),
            "mpid": self._mpid,
            "environment": "production",
            "timestamp_unixtime_ms": now,
            "mp_deviceid": self._device,
            "events": [{"event_type": "commerce_event", "data": data}],
        }

    def _send(
        self, method: str, url: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        cookie = {"Cookie": self._cookie} if self._cookie and url.startswith(self._shop) else {}
        answer = self._http.request(method, url, body=body, headers=(headers or {}) | cookie, timeout=SECONDS)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {url}: {answer.status}")
        return answer


class Customers:
    """``number`` customers of whom each clicks every ``every`` seconds, one after another, while it is entered."""

    def __init__(
        self, shop: str, mparticle: str, items: Sequence[str], *, number: int, every: float, seed: int = 1
    ) -> None:
        self.clicks = 0
        self._streams = Streams(shop)
        http = urllib3.PoolManager(maxsize=THREADS, retries=AGAIN)
        self._customers = [Customer(http, self._streams, shop, mparticle) for _ in range(number)]
        self._items, self._every, self._rng = items, every, random.Random(seed)  # noqa: S311
        self._ended = threading.Event()
        self._failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._click, daemon=True)

    def check(self) -> None:
        """Raise the first error of a click."""
        if self._failed:
            raise self._failed[0]

    def _click(self) -> None:
        begun, pause = time.monotonic(), self._every / len(self._customers)
        with ThreadPoolExecutor(THREADS) as threads:
            for number, customer in enumerate(itertools.cycle(self._customers)):
                if self._ended.wait(max(0.0, begun + number * pause - time.monotonic())):
                    return
                threads.submit(self._one, customer, self._rng.choice(self._items))

    def _one(self, customer: Customer, item: str) -> None:
        try:
            customer.click(item)
            self.clicks += 1
        except (RuntimeError, OSError, urllib3.exceptions.HTTPError, KeyError) as error:
            self._failed.append(error)

    def __enter__(self) -> Self:
        self._streams.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._streams.__exit__(kind, error, trace)
