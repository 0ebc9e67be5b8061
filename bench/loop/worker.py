"""One rival in a process of its own, as Lambda would run its functions.

python -m bench.loop.worker MODULE [SECOND_MODULE]

Reads the paths of files that hold Lambda's event, one per line, and answers each with a line of JSON: wall and
processor seconds by function. What the functions print is thrown away. What was not done is handed in again, as Lambda
would: from the first record that failed on, each message that failed, and everything after an exception.
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.loop.lambda_events import QUEUES, sqs_event

INVOCATIONS = 10  # of one function at the most
TIMEOUT = 60.0  # seconds, of a function


class Context:
    """Lambda's context at the start of an invocation."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
    aws_request_id = "bench"
    function_version = "$LATEST"

    def __init__(self) -> None:
        self._ends = time.monotonic() + TIMEOUT

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the function's timeout."""
        return int(1000 * (self._ends - time.monotonic()))


def processor_seconds() -> float:
    """Return what this process has used, in user and system mode."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Function:
    """A handler, called until nothing is left of its event."""

    def __init__(self, module: str, left: Callable[[Sequence[Any], set[str]], Sequence[Any]]) -> None:
        self._handler = importlib.import_module(module).handler
        self._left = left

    def run(self, records: Sequence[Any]) -> dict[str, float]:
        """Return seconds, and how many invocations it took, and the records that were left after the last one."""
        cost = {"wall": 0.0, "processor": 0.0, "invocations": 0, "left": 0, "left_first": 0}
        while records and cost["invocations"] < INVOCATIONS:
            gc.collect()
            used, began = processor_seconds(), time.perf_counter()
            try:
                left = self._left(records, _failed(self._handler({"Records": records}, Context())))
            except Exception as error:
                print(f"the whole invocation failed: {error!r}", file=sys.stderr)
                left = records
            cost["wall"] += time.perf_counter() - began
            cost["processor"] += processor_seconds() - used
            cost["invocations"] += 1
            records = left
            if cost["invocations"] == 1:
                cost["left_first"] = len(records)
        cost["left"] = len(records)
        return cost


def _failed(answer: dict[str, Any]) -> set[str]:
    return {item["itemIdentifier"] for item in answer["batchItemFailures"]}


def from_first(records: Sequence[Any], failed: set[str]) -> Sequence[Any]:
    """Return the records from the first one that failed on: how Lambda reads a shard."""
    numbers = [record["kinesis"]["sequenceNumber"] for record in records]
    return records[min((numbers.index(number) for number in failed), default=len(records)) :]


def those(messages: Sequence[Any], failed: set[str]) -> Sequence[Any]:
    """Return the messages that failed: how Lambda reads a queue."""
    return [message for message in messages if message["messageId"] in failed]


def total(costs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return what the invocations for several queues took, one after the other."""
    added: dict[str, float] = {}
    for cost in costs:
        added = {name: added.get(name, 0) + number for name, number in cost.items()}
    return added


def queued(stub: str) -> dict[str, list[str]]:
    """Take the messages off the stub's queues."""
    with urllib.request.urlopen(urllib.request.Request(f"{stub}/stub/messages", method="POST")) as answer:  # noqa: S310
        bodies: dict[str, list[str]] = json.load(answer)
        return bodies


def main() -> None:
    """Answer each line."""
    answers = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as nowhere:
        sys.stdout = nowhere
        first = Function(sys.argv[1], from_first)
        second = Function(sys.argv[2], those) if len(sys.argv) > 2 else None
        for line in sys.stdin:
            costs = {"first": first.run(json.loads(Path(line.strip()).read_bytes())["Records"])}
            if second:
                costs["second"] = total(
                    second.run(sqs_event(bodies, f"{QUEUES}{queue}")["Records"])
                    for queue, bodies in queued(os.environ["AWS_ENDPOINT_URL"]).items()
                    if bodies
                )
            print(json.dumps(costs), file=answers, flush=True)


if __name__ == "__main__":
    main()
