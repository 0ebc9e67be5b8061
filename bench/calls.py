"""Processor time of a PutEvents and of a GetRecommendations: by boto3, as the functions call, and by http.client alone.

python -m bench.calls [--calls 300] [--rounds 9]

The ways take turns in one thread, against a server in a process of its own. The last one sends the same bytes again and
again over http.client: the least that a call can cost in Python. A line has the median of the rounds' medians and, in
brackets, the least and the greatest of them, all in milliseconds of processor time of the calling thread.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from typing import Any

import boto3
from botocore.config import Config
from broker.clients import Aws
from broker.interactions import Interaction, put_events_request
from broker.recommendations import get_recommendations_request

NOW = 1_700_000_000_000
ANSWERS = {
    b"/events": b"",
    b"/recommendations": b'{"itemList":[%s],"recommendationId":"RID-1f0c-4a57"}'
    % b",".join(b'{"itemId":"item-%04d","score":0.01}' % place for place in range(10)),
}
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Fri, 27 Nov 2026 17:00:00 GMT\r\n"
    b"x-amzn-RequestId: 0f5a1d0e-7f0c-4a57-a4a5-8b6de1f4ac11\r\nConnection: keep-alive\r\n"
)
CAMPAIGN = "arn:aws:personalize:eu-west-1:123456789012:campaign/shop"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token" * 150}


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    with suppress(asyncio.IncompleteReadError):  # the end of the connection
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(length)
            body = ANSWERS[head.split(b" ", 2)[1]]
            writer.write(b"%sContent-Length: %d\r\n\r\n%s" % (HEAD, len(body), body))
    writer.close()


def serve(port: Connection) -> None:
    """Serve until the process is ended; tell the port."""

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Recorded:
    """The bytes of a call, sent again each time."""

    def __init__(self, port: int, path: str, body: bytes, headers: dict[str, str]) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._request = "POST", path, body, headers

    def __call__(self, **_: Any) -> None:
        self._connection.request(*self._request)
        self._connection.getresponse().read()


def ways(port: int, service: str, method: str, path: str) -> dict[str, Callable[..., Any]]:
    """Return what makes a call, by name."""
    aws = Aws(1)
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    headers = {"Content-Type": "application/json", "X-Filler": "x" * 900}
    return {
        "boto3": getattr(boto3.client(service, config=config), method),
        "boto3 over kept connections": getattr(aws.client(service), method),
        "as the functions call": getattr(aws.direct_client(service, method), method),
        "http.client alone": Recorded(port, path, b"x" * 200, headers),
    }


def median_ms(call: Callable[..., Any], arguments: dict[str, Any], calls: int) -> float:
    """Return the median of the processor times of calls in a row."""
    taken = []
    for _ in range(calls):
        began = time.thread_time()
        call(**arguments)
        taken.append(1000 * (time.thread_time() - began))
    return statistics.median(taken)


def main() -> None:
    """Print a line for each operation and way."""
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="in a row, by each way in each round")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    interactions = [
        Interaction(f"{number}-0-abc", "view_detail", f"item-{number}", "-5", "visit", NOW, "view_detail", 1.5)
        for number in range(10)
    ]
    operations = {
        "PutEvents, 1 event": (
            "personalize-events",
            "put_events",
            "/events",
            put_events_request(interactions[:1], "t"),
        ),
        "PutEvents, 10 events": ("personalize-events", "put_events", "/events", put_events_request(interactions, "t")),
        "GetRecommendations": (
            *("personalize-runtime", "get_recommendations", "/recommendations"),
            get_recommendations_request(-5, CAMPAIGN, None, 10),
        ),
    }
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    port = ours.recv()
    os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_DEFAULT_REGION="eu-west-1")
    for name, (service, method, path, arguments) in operations.items():
        by_name = ways(port, service, method, path)
        for call in by_name.values():
            median_ms(call, arguments, 50)
        rounds = [
            {way: median_ms(call, arguments, options.calls) for way, call in by_name.items()}
            for _ in range(options.rounds)
        ]
        for way in by_name:
            medians = [medians_of[way] for medians_of in rounds]
            ratio = statistics.median(medians_of["boto3"] / medians_of[way] for medians_of in rounds)
            spread = f"({min(medians):.3f}-{max(medians):.3f})"
            print(
                f"{name:21} {way:28} {statistics.median(medians):.3f} {spread:15} boto3 takes {ratio:4.1f} times that"
            )
    server.terminate()
    server.join()


if __name__ == "__main__":
    main()
