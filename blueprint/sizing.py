"""How big, how often and how long: the numbers of functions, stream, queues and their event source mappings.

Times are in seconds, memory in MB.
"""

from dataclasses import dataclass, replace

from blueprint.mappings import UNLIMITED, KinesisMapping, QueueMapping

HOUR, DAY = 3_600, 86_400


@dataclass(frozen=True)
class Buffer:
    """What is gathered before it is written: for so long, or until there is so much."""

    seconds: int
    bytes: int


@dataclass(frozen=True)
class FunctionSize:
    """What one function gets."""

    timeout: int
    memory: int


# 16 calls in flight at 20 ms each are 800 calls a second. 512 MB is 0.29 of a processor, which brings 1000 interactions
# of as many users through in four seconds; twice the memory takes half of that, for the same GB-seconds, and more gains
# nothing (docs/performance.md). Most invocations are small and wait for answers, which costs by memory: so it is the
# smaller one. A minute leaves room for every retry; the functions stop starting calls ten seconds before it ends.
INGEST = FunctionSize(timeout=60, memory=512)
REFRESH = FunctionSize(timeout=60, memory=512)
# A dozen calls, one after the other.
DAILY_CHECK = FunctionSize(timeout=60, memory=256)
# A call of a tenth of a second at a time, to each dataset.
PUT_METADATA = FunctionSize(timeout=60, memory=512)
FUNCTIONS = {"ingest": INGEST, "refresh": REFRESH, "rewind": INGEST, "put_metadata": PUT_METADATA}

STREAM_RETENTION = 3 * DAY

# Lambda carries 6 MB per invocation, and a record in base64, a third larger: 4.5 MiB would just fit. A stream takes
# 1 MiB unless it is told more, and a batch with all attributes of its user may be larger.
MAX_RECORD_KIB = 4 * 1024

# A shard takes 1000 records a second, and one invocation at a time delivers some 250 interactions of as many customers:
# two readers a shard keep up with a busy one and catch up after an outage, and on four shards they stay near PutEvents'
# 1000 calls a second. A record that can't be delivered leaves for the on-failure bucket a day before the stream forgets
# it.
STREAM = KinesisMapping(
    batch_size=1000,
    maximum_batching_window=1,
    parallelization_factor=2,
    bisect_batch_on_function_error=True,
    report_batch_item_failures=True,
    maximum_record_age=STREAM_RETENTION - DAY,
)

# Read again, a record may be as old as the stream keeps any. A shard has one reader, so that the last record that is
# done says how far the shard is. Readers of a shard share 2 MB/s.
REWIND = replace(STREAM, parallelization_factor=1, maximum_record_age=UNLIMITED)

# Personalize shows an event in its recommendations 1-2 s after it was put; the rest of the delay lets a visit's next
# clicks arrive, of which one refresh then does for all.
QUEUE_DELAY = 5

# Both queues have these numbers: the one of users who bought something, and the one of all others. The window brings
# users together: one upload carries a hundred profiles. Two invocations of each queue at a time, Lambda's minimum, are
# some 60 calls in flight; more would only push the campaign above the minimum throughput that is paid for anyway.
# The queues' visibility is six times the timeout, as AWS advises for event sources.
MINIMUM_CONCURRENCY = 2
REFRESH_CONCURRENCY = 2 * MINIMUM_CONCURRENCY
QUEUE = QueueMapping(
    batch_size=1000,
    maximum_batching_window=5,
    maximum_concurrency=MINIMUM_CONCURRENCY,
    report_batch_item_failures=True,
    function_timeout=REFRESH.timeout,
    visibility_timeout=6 * REFRESH.timeout,
)

# Of a FIFO queue Lambda takes ten messages at most, without a window, and one batch at a time of each group. Two
# groups, one for users and one for items, are two invocations at a time. The delay lets further changes of a record
# arrive: one message does for all of them.
METADATA_DELAY = 10
METADATA_QUEUE = QueueMapping(
    batch_size=10,
    maximum_batching_window=0,
    maximum_concurrency=MINIMUM_CONCURRENCY,
    report_batch_item_failures=True,
    function_timeout=PUT_METADATA.timeout,
    visibility_timeout=6 * PUT_METADATA.timeout,
)

# mParticle may be down for twelve hours before a message goes to the dead letters. Refresh hides a failed message for
# 5 s, then half as long again each time up to 900, and by chance for down to half of that; a function that is killed
# leaves it hidden for the queue's visibility. The latter is the sooner over: 120 times 360 s.
OUTAGE = 12 * HOUR
MAX_RECEIVES = 120

QUEUE_RETENTION = 4 * DAY
DEAD_LETTER_RETENTION = 14 * DAY

# Quarantine and on-failure payloads are raw records. A quarter is enough to put them right and replay them.
BUCKET_RETENTION = 90 * DAY

# Files for Personalize and from it are of use until the job is done; a month leaves room to look into one that failed.
IMPORT_RETENTION = 30 * DAY

# Of the raw archive: an object per five minutes, or per 64 MB before compression. Firehose takes 60 to 900 seconds, and
# 1 to 128 MB.
ARCHIVE = Buffer(seconds=300, bytes=64 * 2**20)
ARCHIVE_DAYS = 30
