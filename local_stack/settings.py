"""What the local stack runs with: the stack's numbers, and where it is faster than the stack on purpose."""

from dataclasses import dataclass, replace

from blueprint import sizing
from blueprint.mappings import KinesisMapping, QueueMapping

# Of the stack's numbers only these differ. The windows and the delay are shorter, so that a loop takes seconds; a shard
# has one reader, since the local stack's poller starts one invocation a shard at a time.
STREAM = replace(sizing.STREAM, parallelization_factor=1)
QUEUE = replace(sizing.QUEUE, maximum_batching_window=1)
QUEUE_DELAY = 3


@dataclass(frozen=True)
class LocalStackSettings:
    """Times in seconds. Ports of 0 take a free one.

    Faster than in AWS on purpose, beside the numbers above: Lambda's reading of a shard (AWS: once a second), and
    creating and training in Personalize (AWS: minutes to hours).
    """

    seed: int = 1
    shards: int = 2
    shoppers: int = 150
    aws_port: int = 0
    personalize_port: int = 0
    mparticle_port: int = 0
    stream: KinesisMapping = STREAM
    queue: QueueMapping = QUEUE
    queue_delay: int = QUEUE_DELAY
    max_receives: int = sizing.MAX_RECEIVES
    shard_poll: float = 0.25
    queue_poll: float = 0.25
