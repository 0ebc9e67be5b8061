"""What the twin runs with: the stack's numbers, and where it is faster than the stack on purpose."""

from dataclasses import dataclass, field

from local.lambda_twin.mappings import KinesisMapping, QueueMapping

DAY = 86_400


@dataclass(frozen=True)
class TwinSettings:
    """Times in seconds. Ports of 0 take a free one.

    Faster than in AWS, so that a loop takes seconds: the refresh queue's delay (stack: 5), its window, Lambda's reading
    of a shard (AWS: once a second), and creating and training in Personalize (AWS: minutes to hours).
    """

    seed: int = 1
    shards: int = 2
    shoppers: int = 150
    aws_port: int = 0
    personalize_port: int = 0
    mparticle_port: int = 0
    stream: KinesisMapping = field(
        default_factory=lambda: KinesisMapping(
            batch_size=1000, maximum_batching_window=1, maximum_record_age=2 * DAY, bisect_batch_on_function_error=True
        )
    )
    queue: QueueMapping = field(
        default_factory=lambda: QueueMapping(
            batch_size=1000,
            maximum_batching_window=1,
            maximum_concurrency=2,
            function_timeout=60,
            visibility_timeout=360,
        )
    )
    queue_delay: int = 3
    max_receives: int = 100
    function_timeout: int = 60
    shard_poll: float = 0.25
    queue_poll: float = 0.25
