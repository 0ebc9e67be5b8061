"""Records of 10 MiB made to cost much, and what each costs: ``PYTHONPATH=lambda_src python -m tests.broker.hostile``
prints the table; ``--mib 2`` makes smaller ones.

Kinesis takes records of up to 10 MiB where a stream is set so, Lambda hands over at most 6 MB a time (base64 included).
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from tests.broker.lambda_events import record, visit
from tests.broker.stubs import Inline
from tests.broker.test_ingest import World

SIZE = 10 * 2**20
PARSED = 8  # parts of the size, one of which tells how long parsing takes
ONE_EVENT = b'{"mpid": 7, "events": [{"event_type": "commerce_event", "data": {"event_id": "1", %s}}]}'
PRODUCTS = ONE_EVENT % b'"product_action": {"action": "purchase", "products": [%s]}'
SMALLEST = (
    b'{"mpid":7,"events":[{"event_type":"commerce_event",'
    b'"data":{"product_action":{"action":"purchase","products":[{"id":1}]}}}]}'
)

LONG_ID = b'"data":{"event_id":"\xf0\x9f\x98\x80%s",'


def filled(around: bytes, one: bytes, separator: bytes = b",", size: int | None = None) -> bytes:
    """Return as many of ``one`` in ``around`` as make up the size."""
    room = (size or SIZE) - len(around) - len(one)
    return around % ((one + separator) * (room // len(one + separator)) + one)


RECORDS: dict[str, Callable[[], bytes]] = {
    "an array of arrays": lambda: filled(b"[%s]", b"[0]"),
    "an array of small objects": lambda: filled(b"[%s]", b'{"":0}'),
    "an array of batches without events": lambda: filled(b"[%s]", b'{"events":[]}'),
    "an array of the smallest batches": lambda: filled(b"[%s]", SMALLEST),
    "lines of empty objects": lambda: filled(b"%s", b"{}", b"\n"),
    "lines of no JSON, and a batch": lambda: filled(b'%s\n{"mpid": 7}', b"x", b"\n"),
    "a million products": lambda: filled(PRODUCTS, b'{"id":"a"}'),
    "millions of events that are none": lambda: filled(b'{"mpid": 7, "events": [%s]}', b"{}"),
    "a million keys": lambda: b'{"mpid": 7, %s}' % b", ".join(b'"%d": 1' % n for n in range(SIZE // 14)),
    "a list of a million recommendations": lambda: filled(
        SMALLEST[:-1] + b',"user_attributes":{"product_recs":[%s]}}', b'""'
    ),
    "an id of megabytes": lambda: filled(SMALLEST.replace(b'"data":{', LONG_ID), b"9", b""),
    "an amount of 10 million digits": lambda: filled(PRODUCTS % b'{"id": 1, "price": "%s", "quantity": 1}', b"9", b""),
    "a number of 10 million digits": lambda: filled(b'{"mpid": %s}', b"9", b""),
    "numbers of 4,300 digits": lambda: filled(b"[%s]", b"9" * 4300),
    "ten million brackets": lambda: b"[" * SIZE,
    "two million nested objects": lambda: filled(b"%s", b'{"a":', b""),
    "NULs": lambda: b"\0" * SIZE,
    "text that ends in half a character": lambda: b"a" * (SIZE - 1) + b"\xf0",
}


@dataclass(frozen=True)
class Cost:
    """What a record came to beside one good record: ``verdict``, who failed, CPU seconds, MB on top, MB in all.

    ``parsing`` is the CPU seconds that it takes here and now to parse as much JSON in small parts.
    ``neighbour`` says whether the good one was delivered; ``quarantine`` counts its rows and bytes.
    """

    name: str
    verdict: str
    failed: list[str]
    neighbour: bool
    seconds: float
    parsing: float
    growth_mb: float
    peak_mb: float
    rows: int
    quarantined_bytes: int


def cost(name: str) -> Cost:
    """Run one record through an invocation, in this process. The peak is the process's: one record a process."""
    world = World(pool=Inline())
    records = record(1, data=RECORDS[name]()), record(2, visit(2, "the-neighbour"))
    before, began = _peak_mb(), time.process_time()
    failed = world.run(*records)
    seconds, peak = time.process_time() - began, _peak_mb()
    bodies = [put["Body"] for put in world.bucket.of("put_object")]
    rows = [json.loads(line) for body in bodies for line in body.splitlines()]
    skipped = [reason for outcome, reason in world.counts.reasons if outcome == "Skipped"]
    return Cost(
        name=name,
        verdict=", ".join([row["reason"] for row in rows] or skipped) or "accepted",
        failed=failed,
        neighbour="the-neighbour" in world.sent_items(),
        seconds=round(seconds, 2),
        parsing=_parsing(),
        growth_mb=round(peak - before),
        peak_mb=round(peak),
        rows=len(rows),
        quarantined_bytes=sum(map(len, bodies)),
    )


def costs() -> Iterator[Cost]:
    """Yield what each record costs, each in a process of its own."""
    for name in RECORDS:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.write(writing, json.dumps(asdict(cost(name))).encode())
            os._exit(0)
        os.close(writing)
        with open(reading, "rb") as answer:
            yield Cost(**json.loads(answer.read()))
        os.waitpid(child, 0)


def _parsing() -> float:
    part = filled(b"[%s]", b"[0]", size=SIZE // PARSED)
    began = time.process_time()
    json.loads(part)
    return PARSED * (time.process_time() - began)


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2 ** (20 if sys.platform == "darwin" else 10)


def main() -> None:
    """Print a line for each record."""
    global SIZE
    parser = argparse.ArgumentParser(prog="tests.broker.hostile")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mib", type=int, default=10)
    options = parser.parse_args()
    SIZE = options.mib * 2**20
    for cost in costs():
        shown = f"| {cost.name} | `{cost.verdict}` | {cost.seconds:.1f} s | {cost.growth_mb:.0f} MB |"
        sys.stdout.write(f"{json.dumps(asdict(cost)) if options.json else shown}\n")


if __name__ == "__main__":
    main()
