"""The environment variables, typed: one dataclass per function, and one error for all that is missing or wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

from broker import item_columns, setting_types
from broker.environment_reader import EnvironmentReader
from broker.experiment import Experiment
from broker.interactions import DEFAULT_ACTIONS, SKIP, Rules
from broker.metadata.columns import ITEMS, USERS, columns_from_json
from broker.metadata.sightings import Mapped
from broker.metadata.state import Policy
from broker.recommendation_ids import ATTRIBUTE
from broker.view_sample import EVERYTHING

# Quotas, each shared by all processes: PutEvents per dataset group, GetRecommendations per campaign (Amazon Personalize
# quotas), and batches per mParticle account (default service limits).
PUT_EVENTS_PER_SECOND, GET_RECOMMENDATIONS_PER_SECOND, MPARTICLE_BATCHES_PER_SECOND = 1000, 500, 270


@dataclass(frozen=True)
class SuppressionSettings:
    """Where the suppression list is, and the secret with its key."""

    bucket: str
    key_arn: str


@dataclass(frozen=True)
class MetadataSettings:
    """Which columns of users and items come from the stream, and where they are kept on their way.

    ``merges_items``: whether the stream changes items that are known. ``queue_url``: None for ``put_metadata``, which
    is told the queue by its messages.
    """

    table: str
    mapped: Mapped
    merges_items: bool
    queue_url: str | None = None

    @property
    def policies(self) -> dict[str, Policy]:
        """Return how each dataset is filled that has columns."""
        policies = {USERS: Policy(self.mapped.users), ITEMS: Policy(self.mapped.items, adds_only=not self.merges_items)}
        return {dataset: policy for dataset, policy in policies.items() if policy.columns}


@dataclass(frozen=True)
class IngestSettings:
    """The settings of ``ingest``, and of ``rewind``."""

    tracking_id: str
    rules: Rules
    view_sample: float
    refresh_queue_url: str | None
    purchase_queue_url: str | None
    refresh_actions: frozenset[str]
    quarantine_bucket: str
    concurrency: int
    put_events_per_second: int
    parallelization_factor: int
    suppression: SuppressionSettings | None
    correlation_table: str | None
    impressions_table: str | None
    metric_attribution: bool
    experiment: Experiment | None = None
    metadata: MetadataSettings | None = None


@dataclass(frozen=True)
class PutMetadataSettings:
    """The settings of ``put_metadata``. ``dataset_arns``: of those datasets that have columns."""

    metadata: MetadataSettings
    dataset_arns: Mapping[str, str]
    suppression: SuppressionSettings | None


@dataclass(frozen=True)
class RefreshSettings:
    """The settings of ``refresh``."""

    campaign_arn: str
    filter_arn: str | None
    num_results: int
    environment: str
    mparticle_secret_arn: str
    mparticle_url: str
    write_back_event: bool
    probe_mpid: int | None
    quarantine_bucket: str
    state_table: str
    concurrency: int
    get_recommendations_per_second: int
    mparticle_batches_per_second: int
    maximum_concurrency: int
    refreshes_per_day: int | None
    suppression: SuppressionSettings | None
    correlation_table: str | None
    experiment: Experiment | None = None
    profile_columns: tuple[str, ...] = ()


def counts_by_version(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether metrics are written by version, too; what both functions need before all other settings."""
    switched: bool = EnvironmentReader(environ)("COUNT_BY_VERSION", setting_types.switch, False)
    return switched


@dataclass(frozen=True)
class DailyCheckSettings:
    """The settings of ``daily_check``; what is None is not checked."""

    ingest_function: str
    solution_arn: str | None
    campaign_arn: str | None
    event_tracker_arn: str | None


def ingest_settings(environ: Mapping[str, str] | None = None) -> IngestSettings:
    """Read ``ingest``'s settings, from the process's environment if no other is given. Raises SettingsError."""
    return _settings_of_stream("ingest", EnvironmentReader(environ))


def rewind_settings(environ: Mapping[str, str] | None = None) -> IngestSettings:
    """Read ``rewind``'s settings, which are ``ingest``'s, with a suppression list. Raises SettingsError.

    Without the list, reading the stream again would bring erased users back. It also holds the plan of the rewind.
    """
    read = EnvironmentReader(environ)
    read("CONTROL_BUCKET", setting_types.bucket)
    read("SUPPRESSION_KEY_ARN", setting_types.arn("secretsmanager", "secret:"))
    return _settings_of_stream("rewind", read)


def _settings_of_stream(function: str, read: "EnvironmentReader") -> IngestSettings:
    event_types = read("EVENT_TYPES", setting_types.event_types, {action: action for action in DEFAULT_ACTIONS})
    settings = IngestSettings(
        tracking_id=read("TRACKING_ID", setting_types.identifier),
        rules=Rules(
            event_types=event_types,
            environment=read("ENVIRONMENT", setting_types.environment, "production"),
            event_value=read("EVENT_VALUE", setting_types.switch, True),
            consent_purpose=read("CONSENT_PURPOSE", str, None),
            consent_unknown=read("CONSENT_UNKNOWN", setting_types.consent_unknown, SKIP),
            honour_ccpa=read("HONOUR_CCPA", setting_types.switch, True),
            recommendation_id_attribute=read("RECOMMENDATION_ID_ATTRIBUTE", setting_types.attribute, ATTRIBUTE),
            impression_list=read("IMPRESSION_LIST", setting_types.attribute, None),
        ),
        view_sample=read("VIEW_SAMPLE", setting_types.share, EVERYTHING),
        refresh_queue_url=read("REFRESH_QUEUE_URL", setting_types.url, None),
        purchase_queue_url=read("PURCHASE_QUEUE_URL", setting_types.url, None),
        refresh_actions=read("REFRESH_ACTIONS", setting_types.actions_of(event_types), frozenset(event_types)),
        quarantine_bucket=read("QUARANTINE_BUCKET", setting_types.bucket),
        concurrency=read("CONCURRENCY", setting_types.whole(1, 256), 16),
        put_events_per_second=read("PUT_EVENTS_PER_SECOND", setting_types.whole(1, 1_000_000), PUT_EVENTS_PER_SECOND),
        parallelization_factor=read("PARALLELIZATION_FACTOR", setting_types.whole(1, 10), 2),
        suppression=_suppression(read),
        correlation_table=read("CORRELATION_TABLE", setting_types.table, None),
        experiment=read("EXPERIMENT", setting_types.experiment, None),
        impressions_table=read("IMPRESSIONS_TABLE", setting_types.table, None),
        metric_attribution=read("METRIC_ATTRIBUTION", setting_types.switch, False),
        metadata=_metadata(read),
    )
    read.together("REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL")
    read.together("IMPRESSION_LIST", "IMPRESSIONS_TABLE")
    read.together("METADATA_TABLE", "METADATA_QUEUE_URL")
    read.check(function)
    return settings


def put_metadata_settings(environ: Mapping[str, str] | None = None) -> PutMetadataSettings:
    """Read ``put_metadata``'s settings, from the process's environment if no other is given. Raises SettingsError."""
    read = EnvironmentReader(environ)
    read("METADATA_TABLE", setting_types.table)
    metadata = _metadata(read) or MetadataSettings("", Mapped(), merges_items=False)
    if not metadata.policies:
        read.note("USER_COLUMNS and ITEM_COLUMNS are missing")
    names = {USERS: "USERS_DATASET_ARN", ITEMS: "ITEMS_DATASET_ARN"}
    arns = {
        dataset: read(names[dataset], setting_types.arn("personalize", "dataset/")) for dataset in metadata.policies
    }
    suppression = _suppression(read)
    read.check("put_metadata")
    return PutMetadataSettings(metadata, arns, suppression)


def refresh_settings(environ: Mapping[str, str] | None = None) -> RefreshSettings:
    """Read ``refresh``'s settings, from the process's environment if no other is given. Raises SettingsError."""
    read = EnvironmentReader(environ)
    pod = read("MPARTICLE_POD", setting_types.pod, setting_types.POD_URLS["us1"])
    settings = RefreshSettings(
        campaign_arn=read("CAMPAIGN_ARN", setting_types.arn("personalize", "campaign/")),
        filter_arn=read("FILTER_ARN", setting_types.arn("personalize", "filter/"), None),
        num_results=read("NUM_RESULTS", setting_types.whole(1, 500), 10),
        environment=read("ENVIRONMENT", setting_types.environment, "production"),
        mparticle_secret_arn=read("MPARTICLE_SECRET_ARN", setting_types.arn("secretsmanager", "secret:")),
        mparticle_url=read("MPARTICLE_URL", setting_types.url, pod),
        write_back_event=read("WRITE_BACK_EVENT", setting_types.switch, True),
        probe_mpid=read("PROBE_MPID", setting_types.mpid, None),
        quarantine_bucket=read("QUARANTINE_BUCKET", setting_types.bucket),
        state_table=read("STATE_TABLE", setting_types.table),
        concurrency=read("CONCURRENCY", setting_types.whole(1, 256), 16),
        get_recommendations_per_second=read(
            "GET_RECOMMENDATIONS_PER_SECOND", setting_types.whole(1, 1_000_000), GET_RECOMMENDATIONS_PER_SECOND
        ),
        mparticle_batches_per_second=read(
            "MPARTICLE_BATCHES_PER_SECOND", setting_types.whole(1, 1_000_000), MPARTICLE_BATCHES_PER_SECOND
        ),
        maximum_concurrency=read("MAXIMUM_CONCURRENCY", setting_types.whole(1, 1_000), 4),
        refreshes_per_day=read("REFRESHES_PER_DAY", setting_types.whole(1, 10_000), None),
        suppression=_suppression(read),
        correlation_table=read("CORRELATION_TABLE", setting_types.table, None),
        experiment=read("EXPERIMENT", setting_types.experiment_with_lists, None),
        profile_columns=read("PROFILE_COLUMNS", item_columns.parsed, ()),
    )
    if settings.profile_columns and settings.num_results > item_columns.MAX_RESULTS:
        read.note(f"NUM_RESULTS must be at most {item_columns.MAX_RESULTS} with PROFILE_COLUMNS")
    read.check("refresh")
    return settings


def daily_check_settings(environ: Mapping[str, str] | None = None) -> DailyCheckSettings:
    """Read ``daily_check``'s settings, from the process's environment if no other is given. Raises SettingsError."""
    read = EnvironmentReader(environ)
    campaign = read("CAMPAIGN_ARN", setting_types.arn("personalize", "campaign/"), None)
    settings = DailyCheckSettings(
        ingest_function=read("INGEST_FUNCTION", setting_types.identifier),
        # A campaign names its solution.
        solution_arn=read("SOLUTION_ARN", setting_types.arn("personalize", "solution/"), *([None] if campaign else [])),
        campaign_arn=campaign,
        event_tracker_arn=read("EVENT_TRACKER_ARN", setting_types.arn("personalize", "event-tracker/"), None),
    )
    read.check("daily_check")
    return settings


def _suppression(read: EnvironmentReader) -> SuppressionSettings | None:
    """Read where the suppression list is; None where the stack has none."""
    read.together("CONTROL_BUCKET", "SUPPRESSION_KEY_ARN")
    bucket = read("CONTROL_BUCKET", setting_types.bucket, None)
    key_arn = read("SUPPRESSION_KEY_ARN", setting_types.arn("secretsmanager", "secret:"), None)
    return SuppressionSettings(bucket, key_arn) if bucket and key_arn else None


def _metadata(read: EnvironmentReader) -> MetadataSettings | None:
    """Read what comes from the stream beside interactions; None where nothing does."""
    table = read("METADATA_TABLE", setting_types.table, None)
    mapped = Mapped(read("USER_COLUMNS", columns_from_json, ()), read("ITEM_COLUMNS", columns_from_json, ()))
    merges_items = read("ITEM_UPDATES", setting_types.item_updates, setting_types.ADD) == setting_types.MERGE
    queue_url = read("METADATA_QUEUE_URL", setting_types.url, None)
    return MetadataSettings(table, mapped, merges_items, queue_url) if table and any(mapped) else None
