"""How many invocations read the stream at the same time, which share PutEvents' quota."""

from typing import Any

from broker.clock import Clock
from broker.failures import Failure, aws_call
from broker.rate_limit import RateLimiter

ASK_EVERY = 300.0  # seconds; with jitter, so that processes do not ask at the same time
FALLBACK_SHARDS = 4  # of an on-demand stream at its creation (Kinesis Data Streams quotas)


class StreamReaders:
    """The readers of one stream: its open shards times the mapping's parallelisation factor.

    An on-demand stream splits its shards by itself, so the number is asked for every few minutes. ``client`` is a boto3
    Kinesis client, and ``pace`` the limiter of this reader.
    """

    def __init__(self, client: Any, parallelization_factor: int, pace: RateLimiter, clock: Clock) -> None:
        self._client = client
        self._pace = pace
        self._factor = parallelization_factor
        self._clock = clock
        self._ask_at = 0.0
        self._shards = FALLBACK_SHARDS

    def share_quota(self, stream_arn: str) -> None:
        """Give this reader its share of the quota. Where the stream cannot be asked, the last number counts."""
        now = self._clock.now()
        if now >= self._ask_at:
            self._ask_at = now + ASK_EVERY * (0.5 + self._clock.jitter())
            try:
                answer = aws_call(self._client.describe_stream_summary, StreamARN=stream_arn)
                self._shards = max(1, int(answer["StreamDescriptionSummary"]["OpenShardCount"]))
            except (Failure, KeyError, TypeError, ValueError):
                pass
        self._pace.divide(self._shards * self._factor)
