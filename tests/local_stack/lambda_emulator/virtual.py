"""Stand-ins for what a poller is given: a clock that is set by hand, streams and queues in memory."""

import base64
from collections.abc import Callable, Sequence
from typing import Any

from local_stack.lambda_emulator.invocation import InvokeResult, failed
from local_stack.lambda_emulator.polling.events import Message, QueueFailed, ReadFailed, Record
from local_stack.lambda_emulator.polling.on_failure import DeliveryFailed

START = 1_700_000_000.0


class Clock:
    """Seconds since the epoch, moved only by the test."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Shard:
    """A shard's records, by position."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.records = list(records)
        self.broken = False
        self.reads: list[int] = []

    def read(self, shard_id: str, position: str | None, limit: int) -> Sequence[Record]:
        """See ``RecordSource``."""
        if self.broken:
            raise ReadFailed("no answer")
        self.reads.append(limit)
        after = 0 if position is None else int(position)
        return [record for record in self.records if int(record.sequence_number) > after][:limit]


class Bucket:
    """Stores on-failure documents, unless it is broken."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.broken = False

    def deliver(self, key: str, content: bytes) -> None:
        """See ``Deliver``."""
        if self.broken:
            raise DeliveryFailed("no answer")
        self.stored[key] = content


class Queue:
    """A queue's visible messages; what is received is hidden until ``reappear``."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.visible = list(messages)
        self.hidden: list[Message] = []
        self.deleted: list[str] = []
        self.broken = False
        self.limits: list[int] = []

    def receive(self, limit: int) -> Sequence[Message]:
        """See ``QueueTransport``."""
        if self.broken:
            raise QueueFailed("no answer")
        self.limits.append(limit)
        taken, self.visible = self.visible[:limit], self.visible[limit:]
        self.hidden += taken
        return taken

    def delete(self, messages: Sequence[Message]) -> None:
        """See ``QueueTransport``."""
        if self.broken:
            raise QueueFailed("no answer")
        self.deleted += [message.message_id for message in messages]


class FunctionWithPoison:
    """A function that raises when its batch holds one of the given records; remembers what it was invoked with."""

    def __init__(self, *poison: str) -> None:
        self.poison = set(poison)
        self.batches: list[list[str]] = []
        self.succeeded: list[str] = []

    def __call__(self, event: dict[str, Any]) -> InvokeResult:
        numbers = numbers_of(event)
        self.batches.append(numbers)
        if self.poison & set(numbers):
            return failed("ValueError", "poison")
        self.succeeded += numbers
        return InvokeResult()


class PartialFunction(FunctionWithPoison):
    """The same, but it names the poison in a partial answer and does the rest."""

    def __call__(self, event: dict[str, Any]) -> InvokeResult:
        numbers = numbers_of(event)
        self.batches.append(numbers)
        bad = [number for number in numbers if number in self.poison]
        self.succeeded += [number for number in numbers if number not in self.poison]
        return InvokeResult(payload={"batchItemFailures": [{"itemIdentifier": number} for number in bad]})


def record(number: int, *, data: bytes = b"x", arrival: float = START) -> Record:
    """Return a record with that sequence number."""
    return Record(str(number), f"key-{number}", data, arrival)


def records(count: int) -> list[Record]:
    """Return records 1 to ``count``."""
    return [record(number) for number in range(1, count + 1)]


def message(number: int, body: str = "{}") -> Message:
    """Return a message with that id."""
    return Message(f"id-{number}", f"handle-{number}", body, "md5", {"ApproximateReceiveCount": "1"})


def numbers_of(event: dict[str, Any]) -> list[str]:
    """Return the sequence numbers of a Kinesis event, in order."""
    return [item["kinesis"]["sequenceNumber"] for item in event["Records"]]


def data_of(event: dict[str, Any]) -> list[bytes]:
    """Return the data of a Kinesis event's records, in order."""
    return [base64.b64decode(item["kinesis"]["data"]) for item in event["Records"]]


def run_until(done: Callable[[], bool], poll: Callable[[], float], clock: Clock, steps: int = 1000) -> None:
    """Poll, moving the clock on by what each step says, until ``done``; fails after so many steps."""
    for _ in range(steps):
        if done():
            return
        clock.now += poll()
    raise AssertionError(f"not done after {steps} steps")
