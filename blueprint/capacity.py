"""How much a broker may do per second, and with what: the settings to change before a quota is reached.

docs/capacity.md says what needs which numbers. Rates are shared by all processes of a function, whichever queue they
read.
"""

from dataclasses import dataclass, replace

from broker.settings import GET_RECOMMENDATIONS_PER_SECOND, MPARTICLE_BATCHES_PER_SECOND, PUT_EVENTS_PER_SECOND

from blueprint import sizing
from blueprint.mappings import KinesisMapping, QueueMapping
from blueprint.sizing import FunctionSize

# Percent of PutEvents' quota that a rewind may use: what the live stream leaves, since an alarm rings where ingest uses
# more than the rest.
REWIND_SHARE = 20
PURCHASES = 4  # one in so many invocations of refresh is reserved for users who bought something


@dataclass(frozen=True)
class Capacity:
    """Rates in calls or batches per second, windows in seconds, memory in MB, ``rewind_share`` in percent."""

    put_events_per_second: int = PUT_EVENTS_PER_SECOND
    get_recommendations_per_second: int = GET_RECOMMENDATIONS_PER_SECOND
    mparticle_batches_per_second: int = MPARTICLE_BATCHES_PER_SECOND
    parallelization_factor: int = sizing.STREAM.parallelization_factor
    stream_window: int = sizing.STREAM.maximum_batching_window
    refresh_window: int = sizing.QUEUE.maximum_batching_window
    refresh_concurrency: int = sizing.REFRESH_CONCURRENCY
    ingest_memory: int = sizing.INGEST.memory
    refresh_memory: int = sizing.REFRESH.memory
    rewind_share: int = REWIND_SHARE

    @property
    def stream(self) -> KinesisMapping:
        """Return how Lambda reads the stream."""
        return replace(
            sizing.STREAM,
            parallelization_factor=self.parallelization_factor,
            maximum_batching_window=self.stream_window,
        )

    @property
    def rewind_put_events_per_second(self) -> int:
        """Return how much of PutEvents' quota a rewind may use."""
        return max(1, self.put_events_per_second * self.rewind_share // 100)

    @property
    def purchase_queue(self) -> QueueMapping:
        """Return how Lambda reads the queue of users who bought something."""
        return self._queue(self._reserved)

    @property
    def queue(self) -> QueueMapping:
        """Return how Lambda reads the queue of all other users."""
        return self._queue(self.refresh_concurrency - self._reserved)

    @property
    def _reserved(self) -> int:
        return max(sizing.MINIMUM_CONCURRENCY, self.refresh_concurrency // PURCHASES)

    def _queue(self, concurrency: int) -> QueueMapping:
        return replace(sizing.QUEUE, maximum_batching_window=self.refresh_window, maximum_concurrency=concurrency)

    @property
    def ingest(self) -> FunctionSize:
        """Return what ``ingest`` gets."""
        return replace(sizing.INGEST, memory=self.ingest_memory)

    @property
    def refresh(self) -> FunctionSize:
        """Return what ``refresh`` gets."""
        return replace(sizing.REFRESH, memory=self.refresh_memory)
