"""A Kinesis that only knows PutRecord, and keeps what the local mParticle forwards to it."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Stream:
    """The records; it refuses the first records that it is told to refuse."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.refusals = 0
        self.url = ""

    def put(self, record: dict[str, Any]) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        self.records.append(record)
        return True

    def data(self) -> list[bytes]:
        return [base64.b64decode(record["Data"]) for record in list(self.records)]

    def batches(self) -> list[dict[str, Any]]:
        return [json.loads(data) for data in self.data()]


@contextmanager
def served_stream() -> Iterator[Stream]:
    """Yield a stream that answers at its ``url``."""
    stream = Stream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecord"
            taken = stream.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = b'{"SequenceNumber": "1", "ShardId": "shardId-000000000000"}' if taken else b"{}"
            self.send_response(200 if taken else 500)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stream.url = f"http://127.0.0.1:{server.server_port}"
    yield stream
    server.shutdown()
    server.server_close()
