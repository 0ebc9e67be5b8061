"""The queue's mapping over time: gathering, partial answers, and what stays on the queue."""

from typing import Any

from blueprint.mappings import QueueMapping
from local_stack.lambda_emulator.invocation import InvokeResult, failed
from local_stack.lambda_emulator.polling.queue_poller import QueuePoller
from local_stack.lambda_emulator.polling.retrying import Backoff
from tests.local_stack.lambda_emulator.virtual import START, Clock, Queue, message, run_until

ARN = "arn:aws:sqs:us-east-1:123456789012:refresh"


class World:
    """One poller over a queue in memory, with a function that gives the answer that is set."""

    def __init__(self, mapping: QueueMapping, count: int, body: str = "{}") -> None:
        self.clock = Clock()
        self.queue = Queue([message(number, body) for number in range(1, count + 1)])
        self.batches: list[list[str]] = []
        self.result = InvokeResult()
        self.poller = QueuePoller(
            mapping,
            ARN,
            queue=self.queue,
            invoke=self.invoke,
            clock=self.clock,
            poll_interval=1.0,
            backoff=Backoff(first=1.0, factor=2.0, longest=8.0),
        )

    def invoke(self, event: dict[str, Any]) -> InvokeResult:
        """Stand in for the function."""
        self.batches.append([item["messageId"] for item in event["Records"]])
        return self.result


def ids(*numbers: int) -> list[str]:
    return [f"id-{number}" for number in numbers]


def test_without_a_window_one_receive_is_a_batch() -> None:
    world = World(QueueMapping(batch_size=10), 12)

    world.poller.poll()
    world.poller.poll()

    assert world.batches == [ids(*range(1, 11)), ids(11, 12)]
    assert world.queue.deleted == ids(*range(1, 13))


def test_a_batch_above_ten_is_gathered_by_several_receives_of_ten_at_most() -> None:
    world = World(QueueMapping(batch_size=25, maximum_batching_window=5), 60)

    world.poller.poll()

    assert world.batches == [ids(*range(1, 26))]
    assert world.queue.limits == [10, 10, 5]


def test_messages_gather_until_the_window_closes() -> None:
    world = World(QueueMapping(batch_size=1000, maximum_batching_window=3), 5)

    assert world.poller.poll() == 1.0
    world.queue.visible.append(message(6))
    world.clock.now += 1.0
    world.poller.poll()
    assert world.batches == []

    world.clock.now = START + 3.0
    world.poller.poll()
    assert world.batches == [ids(1, 2, 3, 4, 5, 6)]


def test_an_empty_queue_is_asked_once_per_interval() -> None:
    world = World(QueueMapping(batch_size=1000, maximum_batching_window=3), 0)

    for _ in range(4):
        world.clock.now += world.poller.poll()

    assert len(world.queue.limits) == 4
    assert world.clock.now == START + 4.0
    assert world.batches == []


def test_a_partial_answer_deletes_only_what_succeeded() -> None:
    world = World(QueueMapping(), 3)
    world.result = InvokeResult(payload={"batchItemFailures": [{"itemIdentifier": "id-2"}]})

    world.poller.poll()

    assert world.queue.deleted == ids(1, 3)
    assert world.poller.counts.messages_failed == 1


def test_after_a_function_error_nothing_is_deleted() -> None:
    world = World(QueueMapping(), 3)
    world.result = failed("ValueError", "no")

    world.poller.poll()

    assert world.queue.deleted == []
    assert (world.poller.counts.errors, world.poller.counts.messages_failed) == (1, 3)


def test_no_batch_carries_more_than_six_megabytes() -> None:
    world = World(QueueMapping(batch_size=100, maximum_batching_window=1), 60, body="x" * 250_000)

    run_until(lambda: len(world.queue.deleted) == 60, world.poller.poll, world.clock)

    assert len(world.batches[0]) == 25
    assert sum(len(batch) for batch in world.batches) == 60


def test_a_queue_that_does_not_answer_is_asked_again_later() -> None:
    world = World(QueueMapping(), 1)
    world.queue.broken = True
    waits = [world.poller.poll()]
    world.clock.now += waits[0]
    waits.append(world.poller.poll())
    assert waits == [1.0, 2.0]

    world.queue.broken = False
    world.clock.now += 2.0
    world.poller.poll()

    assert world.queue.deleted == ids(1)


def test_a_delete_that_fails_is_counted_and_the_poller_goes_on() -> None:
    world = World(QueueMapping(), 1)
    event = world.poller.begin()
    assert event is not None
    world.queue.broken = True

    world.poller.finish(InvokeResult())

    assert world.queue.deleted == []
    assert (world.poller.counts.queue_failures, world.poller.counts.messages_deleted) == (1, 0)
    assert world.poller.due_in() == 1.0
