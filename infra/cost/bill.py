"""The monthly bill, item by item: the formula of docs/cost.md."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from broker.experiment import HOLDOUT
from broker.setting_types import MERGE

from blueprint import sizing
from blueprint.environments import metrics_of
from blueprint.experiment import RECIPE
from infra.cost.floors import V2, campaign_price, recipe_of, shares
from infra.cost.prices import MILLION, UNITS, Prices
from infra.cost.traffic import HOURS, SECONDS, Traffic
from infra.protection import CREATE
from infra.settings import Settings, Stage

GB_OF_KB = 1_024 * 1_024
PUT_UNIT_KB = 25
SHARDS_AT_FIRST = 4  # of a stream on demand
SHARD_RECORDS, SHARD_KB = 1_000, 1_024  # per second
FIREHOSE_KB = 5  # to which each record of a stream is rounded up
GZIP_SHARE = Decimal("0.2")  # of a batch's JSON, at most: mParticle's samples come to a seventh when many are together
DAYS = Decimal(HOURS) / 24
GB_PER_EVENT = Decimal("0.3") / MILLION  # of PutEvents, measured
MESSAGES_PER_REQUEST = 10
QUEUES = 2
DATA_KEY_SECONDS = 300  # for which services keep a data key of KMS
WRITER_AND_READER, TABLE_AND_SECRET = 2, 2
REQUESTS_PER_QUEUE = 5  # of two senders, twice each, and a receiver
POLLS_PER_QUEUE, POLL_SECONDS = 5, 20  # that Lambda keeps open
READ_UNITS, WRITE_UNITS = Decimal("0.5"), 4  # per refresh
SHOWN_READ_UNITS, SHOWN_WRITE_UNITS = 1, 2  # per impression and the click that it leads to: an item has up to 2 KB
MB_OF_A_PROCESSOR = 1_769  # with this memory, a function has one (Lambda, memory and computing power)
LOG_KB = 1  # per invocation
LINE_KB = Decimal("0.5")  # per record and user, and per refresh, with broker:record_logs
# At most: a metric costs only in the hours in which it is written, and most count failures. The tests count them.
# The reason ``suppressed`` is one more where there is a suppression list.
ALARM_METRICS = {Stage.COLLECT: 18, Stage.TRAIN: 24, Stage.RECOMMEND: 46}  # an alarm by metric math has several
METRICS = {Stage.COLLECT: 29, Stage.TRAIN: 34, Stage.RECOMMEND: 57}
ARCHIVE_ALARM_METRICS = 2  # more, with the raw archive
SECOND_ALARM_METRICS = 3  # more, with a second tracker; its function writes what ingest does
IMPRESSION_ALARM_METRICS, IMPRESSION_METRICS = 1, 5  # more, where impressions are read
METADATA_ALARM_METRICS, METADATA_METRICS = 7, 12  # more, where users or items come from the stream
RECORD_WRITE_UNITS = 4  # per changed record: when it is known and when it is put, each in a transaction
RECORD_KB, PUT_MS = 1, 250  # of a record that is put, and of an invocation that puts it, at most: a call takes 100
ATTRIBUTION_SOURCES = 2  # of a metric attribution, each with all of its metrics: the campaign, and no list
COMPOSITE_ALARMS = {Stage.COLLECT: 2, Stage.TRAIN: 2, Stage.RECOMMEND: 3}
ROLLBACK_METRICS = 17  # of the alarms that stop a deployment
VERSION_METRICS = 7  # that the functions write for a version, too
NOT_INCLUDED = (
    "Not included: AWS's free tiers, discounts and taxes; what mParticle charges for the events on the stream; "
    "imports of history, batch jobs and tuning; other buckets than the raw archive's, keys of AWS, DynamoDB's storage, "
    "requests of S3 and data transfer, which are small."
)


@dataclass(frozen=True)
class Item:
    """A quantity, in pieces of what the price is for; ``price``: USD for one of them, None if there is none."""

    name: str
    price_name: str
    quantity: Decimal
    price: Decimal | None

    @property
    def usd(self) -> Decimal | None:
        """Return the USD per month, None without a price."""
        return None if self.price is None else self.quantity * self.price

    @property
    def unit(self) -> str:
        """Return what the price is for."""
        return UNITS[self.price_name].name


@dataclass(frozen=True)
class Bill:
    """The items, the largest first and those without a price last; ``events`` of the month."""

    items: tuple[Item, ...]
    events: Decimal

    @property
    def total(self) -> Decimal:
        """Return the USD per month of the items that have a price."""
        return sum((item.usd for item in self.items if item.usd is not None), Decimal(0))

    @property
    def is_complete(self) -> bool:
        """Return whether each item has a price."""
        return all(item.usd is not None for item in self.items)

    def per_million(self, usd: Decimal | None) -> Decimal | None:
        """Return USD per million events, None where there is no price or are no events."""
        return None if usd is None or not self.events else usd / self.events * MILLION

    @property
    def summary(self) -> str:
        """Return the total and the largest item in one line."""
        at_least = "" if self.is_complete else "at least "
        largest = f"; the largest item: {self.items[0].name}, {money(self.items[0].usd)}" if self.items else ""
        return f"{at_least}{money(self.total)} USD per month{largest}"


def money(usd: Decimal | None) -> str:
    """Return USD with cents, as text."""
    return "no price" if usd is None else f"{usd:,.2f}"


def bill(traffic: Traffic, settings: Settings, prices: Prices) -> Bill:
    """Return the bill of a month."""
    items = []
    for name, price_name, count in _counts(traffic, settings):
        items.append(Item(name, price_name, count / UNITS[price_name].size, prices.of(price_name)))
    items.sort(key=lambda item: (item.usd is None, -(item.usd or 0)))
    return Bill(tuple(items), traffic.events)


Counts = Iterator[tuple[str, str, Decimal]]


def _counts(traffic: Traffic, settings: Settings) -> Counts:
    """Yield what is charged: a name, its price's name, and how many there are in a month."""
    yield from _stream(traffic, settings)
    if settings.archive_days:
        yield from _archive(traffic, settings, settings.archive_days)
    yield from _functions(traffic, settings)
    second = bool(settings.personalize.second_tracking_id)
    if second:
        yield from _second(traffic, settings)
    yield from _personalize(traffic, settings)
    stage = settings.stage
    writes = Stage.TRAIN if settings.paused else stage  # while paused, refresh does not run
    gradual = (ROLLBACK_METRICS, VERSION_METRICS) if settings.gradual else (0, 0)
    of_options = gradual[0] + settings.rewind + (ARCHIVE_ALARM_METRICS if settings.archive_days else 0)
    of_options += SECOND_ALARM_METRICS * second
    of_options -= stage is not Stage.COLLECT and not settings.tuning.trains_every  # no alarm on an old model
    impressions = settings.options.impression_list is not None
    of_options += IMPRESSION_ALARM_METRICS * impressions
    has_metadata = bool(settings.options.user_columns or settings.options.item_columns)
    of_options += METADATA_ALARM_METRICS * has_metadata
    written = METRICS[writes] + gradual[1] + (METRICS[Stage.COLLECT] + 1) * second + settings.suppression_list
    written += IMPRESSION_METRICS * impressions * (1 + second)
    written += METADATA_METRICS * has_metadata
    if settings.options.metric_attribution:
        written += ATTRIBUTION_SOURCES * len(metrics_of(settings.name, settings.options))
    yield "CloudWatch alarms", "cloudwatch_alarm", Decimal(ALARM_METRICS[stage] + of_options)
    yield "CloudWatch metrics", "cloudwatch_metric", Decimal(written)
    yield "CloudWatch composite alarms", "cloudwatch_composite_alarm", Decimal(COMPOSITE_ALARMS[stage])
    yield "CloudWatch dashboard", "cloudwatch_dashboard", Decimal(1)
    yield "Secrets Manager", "secret", Decimal(1 + settings.suppression_list)
    if settings.protection.kms_key:
        yield from _key(traffic, settings)
    if settings.serves:
        yield from _profiles(traffic, settings)
    if impressions:
        shown = traffic.events * traffic.impressions_per_event * (1 + second)
        yield "Impressions reads", "dynamodb_read_units", shown * SHOWN_READ_UNITS
        yield "Impressions writes", "dynamodb_write_units", shown * SHOWN_WRITE_UNITS
    if has_metadata:
        yield from _metadata(traffic, settings)


def _metadata(traffic: Traffic, settings: Settings) -> Counts:
    """Yield what users and items cost on their way from the stream to their datasets.

    Each event reads what is known of its user, and of its item where the stream changes known items.
    """
    options, changes = settings.options, traffic.events * traffic.changes_per_event
    per_event = bool(options.user_columns) + (options.item_columns is not None and options.item_updates == MERGE)
    polls = Decimal(POLLS_PER_QUEUE * SECONDS) / POLL_SECONDS
    yield "Users and items reads", "dynamodb_read_units", traffic.events * per_event + changes
    yield "Users and items writes", "dynamodb_write_units", changes * RECORD_WRITE_UNITS
    yield "Users and items queue", "sqs_requests", 3 * changes + polls
    yield "Users and items invocations", "lambda_requests", changes
    yield "Users and items time", "lambda_gb_seconds", changes * PUT_MS / 1_000 * sizing.PUT_METADATA.memory / 1_024
    yield "Users and items data", "personalize_gb", changes * RECORD_KB / GB_OF_KB


def _stream(traffic: Traffic, settings: Settings) -> Counts:
    records = traffic.events * traffic.records_per_event
    if settings.shards:
        shard_hours = Decimal(HOURS * settings.shards)
        yield "Kinesis shards", "kinesis_shard_hour", shard_hours
        yield "Kinesis put", "kinesis_put_units", records * ceil(traffic.record_kb / PUT_UNIT_KB)
        yield "Kinesis retention", "kinesis_shard_hour_kept", shard_hours
        return
    gb = records * traffic.record_kb / GB_OF_KB
    days_kept = Decimal(sizing.STREAM_RETENTION - sizing.DAY) / sizing.DAY
    yield "Kinesis stream", "kinesis_stream_hour", Decimal(HOURS)
    yield "Kinesis put", "kinesis_gb_in", records * ceil(traffic.record_kb) / GB_OF_KB
    yield "Kinesis read", "kinesis_gb_out", gb
    yield "Kinesis retention", "kinesis_gb_month_kept", gb * days_kept * 24 / HOURS


def _archive(traffic: Traffic, settings: Settings, days: int) -> Counts:
    records = traffic.events * traffic.records_per_event
    gb = records * traffic.record_kb / GB_OF_KB
    if not settings.shards:
        yield "Archive read", "kinesis_gb_out", gb
    charged_kb = ceil(traffic.record_kb / FIREHOSE_KB) * FIREHOSE_KB
    yield "Archive delivery", "firehose_gb", records * charged_kb / GB_OF_KB
    yield "Archive storage", "s3_gb_month", gb * GZIP_SHARE * days * 24 / HOURS
    yield "Archive key", "kms_key", Decimal(1)


def _functions(traffic: Traffic, settings: Settings) -> Counts:
    capacity = settings.options.capacity
    invocations = {"ingest": ingest_invocations(traffic, settings)}
    memory = {"ingest": capacity.ingest_memory, "refresh": capacity.refresh_memory}
    if settings.serves:
        invocations["refresh"] = refresh_invocations(traffic, settings)
    records = traffic.events * traffic.records_per_event
    waiting = sum(number * memory[name] * traffic.wait_ms / 1_000 / 1_024 for name, number in invocations.items())
    working = records * gb_seconds_per_record(traffic.processor_ms, max(memory[name] for name in invocations))
    total = sum(invocations.values(), Decimal(0))
    yield "Lambda requests", "lambda_requests", total
    yield "Lambda time", "lambda_gb_seconds", working + waiting
    yield "CloudWatch logs", "cloudwatch_gb_of_logs", total * LOG_KB / GB_OF_KB
    if settings.record_logs:
        refreshes = traffic.events * traffic.refreshes_per_event if settings.serves else Decimal(0)
        yield "CloudWatch logs per record", "cloudwatch_gb_of_logs", (records + refreshes) * LINE_KB / GB_OF_KB


def _second(traffic: Traffic, settings: Settings) -> Counts:
    """Yield what a second tracker costs each month, as long as both are written. Its model is not among it."""
    records, memory = traffic.events * traffic.records_per_event, settings.options.capacity.ingest_memory
    invocations = ingest_invocations(traffic, settings)
    if not settings.shards:
        yield "Second tracker read", "kinesis_gb_out", records * traffic.record_kb / GB_OF_KB
    waiting = invocations * memory * traffic.wait_ms / 1_000 / 1_024
    yield "Second tracker requests", "lambda_requests", invocations
    yield (
        "Second tracker time",
        "lambda_gb_seconds",
        waiting + records * gb_seconds_per_record(traffic.processor_ms, memory),
    )
    yield "Second tracker logs", "cloudwatch_gb_of_logs", invocations * LOG_KB / GB_OF_KB
    yield "Second tracker events", "personalize_gb", traffic.events * traffic.reported_per_event * GB_PER_EVENT


def gb_seconds_per_record(processor_ms: Decimal, memory: int) -> Decimal:
    """Return the billed GB-seconds for processor time: below a whole processor, less memory takes longer."""
    return processor_ms / 1_000 * max(memory, MB_OF_A_PROCESSOR) / 1_024


def ingest_invocations(traffic: Traffic, settings: Settings) -> Decimal:
    """Return the invocations of a month: for each reader and window in which something arrives, or by full batches."""
    capacity = settings.options.capacity
    per_second, shards = traffic.events_per_second * traffic.records_per_event, _shards(traffic, settings)
    window = max(capacity.stream_window, 1)  # Lambda reads a shard once a second
    return _invocations(
        per_second * SECONDS, shards * capacity.parallelization_factor, window, sizing.STREAM.batch_size
    )


def _shards(traffic: Traffic, settings: Settings) -> int:
    per_second = traffic.events_per_second * traffic.records_per_event
    kb = per_second * traffic.record_kb
    return settings.shards or max(SHARDS_AT_FIRST, ceil(per_second / SHARD_RECORDS), ceil(kb / SHARD_KB))


def refresh_invocations(traffic: Traffic, settings: Settings) -> Decimal:
    """Return the invocations of a month, if half of the messages are in each queue: the most that there can be."""
    messages = traffic.events * traffic.refreshes_per_event
    return _invocations(messages, QUEUES, settings.options.capacity.refresh_window, sizing.QUEUE.batch_size)


def _invocations(arrivals: Decimal, readers: int, window: int, batch_size: int) -> Decimal:
    windows = Decimal(readers * SECONDS) / window
    busy = 1 - (-arrivals / windows).exp()  # the share of windows in which something arrives, at random
    return max(windows * busy, arrivals / batch_size)


def _personalize(traffic: Traffic, settings: Settings) -> Counts:
    given, recipe = settings.personalize.tracking_id, settings.personalize.recipe
    yield "Personalize events", "personalize_gb", traffic.events * traffic.reported_per_event * GB_PER_EVENT
    every = settings.tuning.trains_every
    if settings.stage is not Stage.COLLECT and not given and every:
        yield "Personalize training", *_training(recipe, traffic, every)
    refreshes = _refreshes_of_variants(traffic, settings)
    if settings.stage is Stage.RECOMMEND and (given or not settings.paused):
        minimum = Decimal(SECONDS * settings.personalize.min_tps)
        own = traffic.events * traffic.refreshes_per_event - sum(refreshes.values()) if settings.serves else Decimal(0)
        yield "Personalize campaign", *campaign_price(recipe, max(minimum, own))
    yield from _variants(refreshes, traffic, settings)


def _training(recipe: str, traffic: Traffic, every: int) -> tuple[str, Decimal]:
    """Return a price's name, and how many there are; ``every``: days between two trainings."""
    if recipe.endswith(V2):
        return "personalize_v2_trained_interactions", DAYS / every * traffic.trained
    return "personalize_training_hour", DAYS / every * traffic.training_hours


def _refreshes_of_variants(traffic: Traffic, settings: Settings) -> dict[str, Decimal]:
    """Return the refreshes of a month for which the campaign of all users is not asked, by variant."""
    plan, total = settings.running_experiment, traffic.events * traffic.refreshes_per_event
    if plan is None:
        return {}
    has_own = {name for name, need in plan.needs.items() if need.has_campaign} | {HOLDOUT}
    has_own |= {name for name, variant in plan.experiment.variants.items() if variant.campaign_arn}
    return {name: share * total for name, share in shares(settings).items() if name in has_own}


def _variants(refreshes: dict[str, Decimal], traffic: Traffic, settings: Settings) -> Counts:
    """Yield the campaigns and solutions that an experiment's variants have for themselves."""
    plan, every = settings.experiment, settings.tuning.trains_every
    if plan is None:
        return
    for name, need in plan.needs.items():
        recipe = recipe_of(need, settings)
        if need.kind == RECIPE and every:
            yield f"Experiment training, {name}", *_training(recipe, traffic, every)
        if need.has_campaign and name in refreshes and settings.serves:
            requests = max(Decimal(SECONDS), refreshes[name])
            yield f"Experiment campaign, {name}", *campaign_price(recipe, requests)


def _key(traffic: Traffic, settings: Settings) -> Counts:
    """Yield what a key of one's own costs. Each service asks KMS again when its data key is five minutes old.

    https://docs.aws.amazon.com/streams/latest/dev/costs-performance.html;
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html.
    """
    per_data_key = WRITER_AND_READER * _shards(traffic, settings)
    if settings.serves:
        per_data_key += QUEUES * REQUESTS_PER_QUEUE + TABLE_AND_SECRET
    if settings.protection.kms_key == CREATE:
        yield "KMS key", "kms_key", Decimal(1)
    yield "KMS requests", "kms_requests", Decimal(per_data_key * SECONDS) / DATA_KEY_SECONDS


def _profiles(traffic: Traffic, settings: Settings) -> Counts:
    refreshes = traffic.events * traffic.refreshes_per_event
    polls = Decimal(QUEUES * POLLS_PER_QUEUE * SECONDS) / POLL_SECONDS
    yield "SQS requests", "sqs_requests", 3 * refreshes / MESSAGES_PER_REQUEST + polls
    yield "DynamoDB reads", "dynamodb_read_units", refreshes * READ_UNITS
    yield "DynamoDB writes", "dynamodb_write_units", refreshes * WRITE_UNITS
    if settings.options.write_back_event:
        yield "mParticle write-back", "mparticle_events", traffic.events * traffic.writes
