"""A rewind in a history: its plan, pollers of their own beside ingest's, and the command that looks how far it is."""

import itertools
from typing import TYPE_CHECKING

from broker.rewind_plan import PLAN, PROGRESS, RewindPlan, progress_from_json

from blueprint.mappings import KinesisMapping
from local_stack.lambda_emulator.polling.kinesis_poller import KinesisPoller
from local_stack.lambda_emulator.polling.on_failure import MappingIdentity
from tests.law.world import functions
from tests.law.world.ends import Source

if TYPE_CHECKING:
    from tests.law.world.loop import Loop

LOOK_EVERY = 5.0  # seconds


class RewindInHistory:
    """Reads the stream again from ``since`` (epoch seconds) up to its present end; ``is_over`` once it has."""

    def __init__(self, loop: "Loop", since: float) -> None:
        now = loop.time.now
        ends = {shard: last for shard in loop.stream.shards if (last := loop.stream.last(shard))}
        self.is_over = False
        self._loop = loop
        self._plan = RewindPlan(f"rewind at {now}", int(since * 1000), int(now * 1000), ends)
        loop.buckets[functions.CONTROL][PLAN] = self._plan.as_json()
        for shard in loop.stream.shards:
            self._poll(shard, since)
        self._look()

    def _poll(self, shard: str, since: float) -> None:
        loop, numbers = self._loop, itertools.count()
        before = [record for record in loop.stream.shards[shard] if record.arrival < since]
        poller = KinesisPoller(
            KinesisMapping(batch_size=loop.setting.batch_size, maximum_batching_window=1),
            MappingIdentity("rewind", loop.stream_arn, "arn:aws:lambda:us-east-1:123456789012:function:rewind"),
            shard,
            source=Source(loop.services, loop.stream),
            invoke=loop.rewinder,
            clock=loop.time.clock,
            new_id=lambda: f"{loop.time.now}-{next(numbers)}",
            checkpoint=before[-1].sequence_number if before else None,
        )
        self._turn(poller)

    def _turn(self, poller: KinesisPoller) -> None:
        if not self.is_over:
            pause = poller.poll()
            self._loop.time.after(max(pause, 0.001), lambda: self._turn(poller))

    def _look(self) -> None:
        self.is_over = all(self._is_read(shard) for shard in self._plan.ends)
        if not self.is_over:
            self._loop.time.after(LOOK_EVERY, self._look)

    def _is_read(self, shard: str) -> bool:
        stored = self._loop.buckets[functions.CONTROL].get(f"{PROGRESS}{shard}.json")
        found = progress_from_json(stored) if stored else None
        return (
            found is not None
            and found.id == self._plan.id
            and int(found.sequence_number) >= int(self._plan.ends[shard])
        )
