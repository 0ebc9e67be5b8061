"""Pollers in real time: one thread per poller, which polls and waits until more is due."""

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Protocol

from blueprint.mappings import KinesisMapping, QueueMapping
from local_stack.aws.json_client import JsonClient
from local_stack.aws.session import local_client
from local_stack.lambda_emulator.invocation import Invoke
from local_stack.lambda_emulator.polling.kinesis_poller import KinesisPoller, ShardCounts
from local_stack.lambda_emulator.polling.on_failure import MappingIdentity
from local_stack.lambda_emulator.polling.queue_poller import QueueCounts, QueuePoller
from local_stack.lambda_emulator.polling.sources import KinesisSource, SqsQueue, to_bucket

# Lambda polls a shard once per second; people watch the local stack, so it polls more often. A read that finds nothing
# costs little: it takes neither botocore's client nor moto (``local_stack.aws.direct_answers``).
POLL_INTERVAL = 0.2
AFTER_A_BUG = 1.0

log = logging.getLogger(__name__)


class Poller(Protocol):
    """An object whose ``poll`` says when it is due again."""

    def poll(self) -> float:
        """Do the due work; return the seconds until more is due."""


class PollerThreads:
    """Runs pollers until ``stop``; ``failure`` is the last exception of a poller (normally None)."""

    def __init__(self, pollers: Sequence[Poller], name: str) -> None:
        self.failure: Exception | None = None
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(poller,), name=f"{name}-{number}", daemon=True)
            for number, poller in enumerate(pollers)
        ]

    def start(self) -> None:
        """Start polling."""
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 10.0) -> bool:
        """Begin nothing new and wait for running invocations; return whether all ended in time."""
        self._stopping.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, poller: Poller) -> None:
        while not self._stopping.is_set():
            try:
                wait = poller.poll()
            except Exception as error:
                # Failures of function, stream or queue do not reach this point: the pollers handle them.
                if self._stopping.is_set():
                    return
                self.failure = error
                log.exception("a poller failed and goes on")
                wait = AFTER_A_BUG
            self._stopping.wait(wait)


class StreamThreads(PollerThreads):
    """The stream's event source mapping: one poller per shard.

    ``begin``: the arrival of the first record (AT_TIMESTAMP); None: TRIM_HORIZON.
    """

    def __init__(
        self,
        mapping: KinesisMapping,
        *,
        endpoint: str,
        stream_arn: str,
        shard_ids: Sequence[str],
        function_arn: str,
        invoke: Invoke,
        on_failure_bucket: str | None = None,
        begin: float | None = None,
        poll_interval: float = POLL_INTERVAL,
    ) -> None:
        identity = MappingIdentity(str(uuid.uuid4()), stream_arn, function_arn)
        kinesis = JsonClient("kinesis", endpoint, connections=len(shard_ids))
        bucket = to_bucket(local_client("s3", endpoint), on_failure_bucket) if on_failure_bucket else None
        self.pollers = [
            KinesisPoller(
                mapping,
                identity,
                shard_id,
                source=KinesisSource(kinesis, stream_arn.rpartition("/")[2], begin),
                invoke=invoke,
                clock=time.time,
                new_id=lambda: str(uuid.uuid4()),
                deliver=bucket,
                poll_interval=poll_interval,
            )
            for shard_id in shard_ids
        ]
        super().__init__(self.pollers, "stream")

    def counts(self) -> dict[str, ShardCounts]:
        """Return each shard's counts, by shard id."""
        return {poller.shard_id: poller.counts for poller in self.pollers}


class QueueThreads(PollerThreads):
    """The queue's event source mapping: ``pollers`` invocations at a time at most."""

    def __init__(
        self,
        mapping: QueueMapping,
        *,
        endpoint: str,
        queue_url: str,
        queue_arn: str,
        invoke: Invoke,
        pollers: int = 1,
        poll_interval: float = POLL_INTERVAL,
    ) -> None:
        client = JsonClient("sqs", endpoint, connections=pollers)
        self.pollers = [
            QueuePoller(
                mapping,
                queue_arn,
                queue=SqsQueue(client, queue_url),
                invoke=invoke,
                clock=time.time,
                poll_interval=poll_interval,
            )
            for _ in range(pollers)
        ]
        super().__init__(self.pollers, "queue")

    def counts(self) -> list[QueueCounts]:
        """Return each poller's counts."""
        return [poller.counts for poller in self.pollers]
