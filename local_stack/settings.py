"""The settings of the local stack: the deployed stack's numbers, and where it is faster on purpose."""

from dataclasses import dataclass, replace

from blueprint import sizing
from blueprint.experiment import ExperimentPlan
from blueprint.mappings import KinesisMapping, QueueMapping
from blueprint.sizing import Buffer

# Only these of the deployed stack's numbers differ. The windows and the delay are shorter, so that a loop takes
# seconds; a shard has one reader, since the local stack's poller runs one invocation per shard at a time.
STREAM = replace(sizing.STREAM, parallelization_factor=1)
QUEUE = replace(sizing.QUEUE, maximum_batching_window=1)
QUEUE_DELAY = 3
METADATA_DELAY = 1
PROBE_MPID = 6_917_529_027_641_081_857  # of an identity that no shopper has
ARCHIVE = replace(sizing.ARCHIVE, seconds=5)


@dataclass(frozen=True)
class LocalMetadata:
    """The schemas of the Users and the Items dataset, and which of their columns come from the stream.

    ``user_columns``, ``item_columns`` and ``item_updates``: as functions are told them (``blueprint.environments``).
    """

    users_schema: str | None = None
    items_schema: str | None = None
    user_columns: str | None = None
    item_columns: str | None = None
    item_updates: str = "add"


@dataclass(frozen=True)
class LocalStackSettings:
    """Times in seconds. Ports of 0 take a free one.

    In addition to the numbers above, these are faster than in AWS: Lambda's polling of a shard (AWS: once per second),
    and creation and training in Personalize (AWS: minutes to hours). ``probe_mpid``, ``record_logs``, ``experiment``,
    ``impression_list``, ``metric_attribution``, ``filter_expression`` and ``profile_columns``, of ``items_dataset``:
    as the settings of these names. ``metadata``: what brings users and items to their datasets.
    ``refresh_processes``: how many invocations of ``refresh`` may read views at once (AWS: by the mapping).
    ``preloaded``: functions load as soon as they are there, and not with their first invocation (AWS: with it).
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
    archive: bool = False
    archive_buffer: Buffer = ARCHIVE
    max_receives: int = sizing.MAX_RECEIVES
    shard_poll: float = 0.25
    queue_poll: float = 0.25
    probe_mpid: int | None = None
    record_logs: bool = False
    experiment: ExperimentPlan | None = None
    impression_list: str | None = None
    metric_attribution: bool = False
    filter_expression: str = ""
    profile_columns: tuple[str, ...] = ()
    refresh_processes: int = 1
    preloaded: bool = True
    metadata: LocalMetadata | None = None
    metadata_delay: int = METADATA_DELAY
