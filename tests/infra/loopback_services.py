"""The least that the functions call, on one loopback port: everything is taken, and what was asked is kept."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS: dict[str, tuple[int, object]] = {
    "/events": (200, {}),
    "/recommendations": (200, {"itemList": [{"itemId": "mug"}], "recommendationId": "RID-1"}),
    "/v2/bulkevents": (202, {}),
    "Kinesis_20131202.DescribeStreamSummary": (200, {"StreamDescriptionSummary": {"OpenShardCount": 4}}),
    "DynamoDB_20120810.BatchGetItem": (200, {"Responses": {}}),
    "DynamoDB_20120810.TransactWriteItems": (200, {}),
    "s3.PutObject": (200, None),
    "secretsmanager.GetSecretValue": (200, {"SecretString": json.dumps({"key": "k", "secret": "s"})}),
}


class LoopbackServices:
    """``with LoopbackServices() as services`` serves at ``services.url``; ``asked`` are paths and AWS targets."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "LoopbackServices":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # with "100 Continue", which S3 clients wait for

            def do_POST(self) -> None:
                self._answer(self.headers.get("X-Amz-Target") or self.path)

            def do_PUT(self) -> None:
                self._answer("s3.PutObject")

            def _answer(self, name: str) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append(name)
                status, content = ANSWERS.get(name, (404, {}))
                data = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *arguments: object) -> None:
                return

        return Handler
