"""The environment variables of the functions, as ``broker.settings`` reads them. Values may be CDK tokens.

``BROKER_VERSION`` is for operators. It is no commit hash, so that unchanged code gives an unchanged template.
"""

from dataclasses import dataclass, field

from broker import __version__
from broker.interactions import Rules
from broker.recommendation_ids import ATTRIBUTE
from broker.setting_types import ADD
from broker.settings import SuppressionSettings, ingest_settings

from blueprint import sizing
from blueprint.attributed_metrics import AttributedMetric, attributed_metrics
from blueprint.capacity import Capacity


@dataclass(frozen=True)
class FunctionConfig:
    """What a team decides about its broker; None leaves the function's own default.

    ``experiment``: as the functions of the stream read it, as JSON; ``refresh`` also has to know its campaigns.
    ``user_columns``, ``item_columns``: what comes from the stream, as ``broker.metadata.columns`` writes it.
    """

    environment: str = "production"
    event_types: str | None = None
    event_value: bool = True
    recommendation_id_attribute: str = ATTRIBUTE
    impression_list: str | None = None
    metric_attribution: bool = False
    refresh_actions: str | None = None
    view_sample: str = "1"
    consent_purpose: str | None = None
    consent_unknown: str = "skip"
    honour_ccpa: bool = True
    num_results: int = 10
    write_back_event: bool = True
    concurrency: int = 16
    capacity: Capacity = field(default_factory=Capacity)
    mparticle_pod: str = "us1"
    probe_mpid: int | None = None
    refreshes_per_day: int | None = None
    experiment: str | None = None
    profile_columns: tuple[str, ...] = ()
    user_columns: str | None = None
    item_columns: str | None = None
    item_updates: str = ADD
    count_by_version: bool = False  # no setting of its own: where new versions take over gradually


def ingest_environment(
    options: FunctionConfig,
    *,
    tracking_id: str,
    quarantine_bucket: str,
    refresh_queue_url: str | None = None,
    purchase_queue_url: str | None = None,
    suppression: SuppressionSettings | None = None,
    correlation_table: str | None = None,
    impressions_table: str | None = None,
    metadata_table: str | None = None,
    metadata_queue_url: str | None = None,
) -> dict[str, str]:
    """Return the variables of ``ingest``. Without the two queues it only collects.

    Without a table for impressions, it does not read them, and without one for metadata no users and items.
    """
    return _present(
        BROKER_VERSION=__version__,
        TRACKING_ID=tracking_id,
        ENVIRONMENT=options.environment,
        EVENT_TYPES=options.event_types,
        EVENT_VALUE=_switch(options.event_value),
        RECOMMENDATION_ID_ATTRIBUTE=options.recommendation_id_attribute,
        METRIC_ATTRIBUTION=_switch(True) if options.metric_attribution else None,
        IMPRESSION_LIST=options.impression_list if impressions_table else None,
        IMPRESSIONS_TABLE=impressions_table if options.impression_list else None,
        REFRESH_QUEUE_URL=refresh_queue_url,
        PURCHASE_QUEUE_URL=purchase_queue_url,
        REFRESH_ACTIONS=options.refresh_actions,
        VIEW_SAMPLE=options.view_sample,
        CONSENT_PURPOSE=options.consent_purpose,
        CONSENT_UNKNOWN=options.consent_unknown,
        HONOUR_CCPA=_switch(options.honour_ccpa),
        QUARANTINE_BUCKET=quarantine_bucket,
        CONCURRENCY=str(options.concurrency),
        PUT_EVENTS_PER_SECOND=str(options.capacity.put_events_per_second),
        PARALLELIZATION_FACTOR=str(options.capacity.parallelization_factor),
        **_suppression(suppression),
        COUNT_BY_VERSION=_switch(True) if options.count_by_version else None,
        CORRELATION_TABLE=correlation_table,
        EXPERIMENT=options.experiment,
        METADATA_QUEUE_URL=metadata_queue_url,
        **(_metadata(options, metadata_table) if metadata_table else {}),
    )


def put_metadata_environment(
    options: FunctionConfig,
    *,
    metadata_table: str,
    users_dataset_arn: str | None,
    items_dataset_arn: str | None,
    suppression: SuppressionSettings | None = None,
) -> dict[str, str]:
    """Return the variables of ``put_metadata``. A dataset without columns needs no ARN."""
    return _present(
        BROKER_VERSION=__version__,
        USERS_DATASET_ARN=users_dataset_arn if options.user_columns else None,
        ITEMS_DATASET_ARN=items_dataset_arn if options.item_columns else None,
        **_metadata(options, metadata_table),
        **_suppression(suppression),
    )


def _metadata(options: FunctionConfig, table: str) -> dict[str, str]:
    return _present(
        METADATA_TABLE=table,
        USER_COLUMNS=options.user_columns,
        ITEM_COLUMNS=options.item_columns,
        ITEM_UPDATES=options.item_updates,
    )


def metrics_of(broker: str, options: FunctionConfig) -> list[AttributedMetric]:
    """Return what a metric attribution of a broker reports on."""
    rules = _rules(options)
    return attributed_metrics(broker, rules.event_types, event_value=rules.event_value)


def event_types_of(options: FunctionConfig) -> list[str]:
    """Return the event types that a broker reports to Personalize, each once. Raises SettingsError."""
    return list(dict.fromkeys(_rules(options).event_types.values()))


def _rules(options: FunctionConfig) -> Rules:
    return ingest_settings(ingest_environment(options, tracking_id="none", quarantine_bucket="none")).rules


def rewind_environment(
    options: FunctionConfig, *, tracking_id: str, quarantine_bucket: str, suppression: SuppressionSettings
) -> dict[str, str]:
    """Return the variables of ``rewind``: those of ``ingest``, without queues, and with its own share of the quota."""
    of_ingest = ingest_environment(
        options, tracking_id=tracking_id, quarantine_bucket=quarantine_bucket, suppression=suppression
    )
    return of_ingest | {
        "PUT_EVENTS_PER_SECOND": str(options.capacity.rewind_put_events_per_second),
        "PARALLELIZATION_FACTOR": str(sizing.REWIND.parallelization_factor),
    }


def refresh_environment(
    options: FunctionConfig,
    *,
    campaign_arn: str,
    mparticle_secret_arn: str,
    quarantine_bucket: str,
    state_table: str,
    filter_arn: str | None = None,
    mparticle_url: str | None = None,
    suppression: SuppressionSettings | None = None,
    correlation_table: str | None = None,
    experiment: str | None = None,
) -> dict[str, str]:
    """Return the variables of ``refresh``. Without a URL the pod decides where mParticle is."""
    return _present(
        BROKER_VERSION=__version__,
        CAMPAIGN_ARN=campaign_arn,
        FILTER_ARN=filter_arn,
        NUM_RESULTS=str(options.num_results),
        ENVIRONMENT=options.environment,
        MPARTICLE_SECRET_ARN=mparticle_secret_arn,
        MPARTICLE_POD=options.mparticle_pod,
        MPARTICLE_URL=mparticle_url,
        WRITE_BACK_EVENT=_switch(options.write_back_event),
        REFRESHES_PER_DAY=None if options.refreshes_per_day is None else str(options.refreshes_per_day),
        PROBE_MPID=None if options.probe_mpid is None else str(options.probe_mpid),
        QUARANTINE_BUCKET=quarantine_bucket,
        STATE_TABLE=state_table,
        CONCURRENCY=str(options.concurrency),
        GET_RECOMMENDATIONS_PER_SECOND=str(options.capacity.get_recommendations_per_second),
        MPARTICLE_BATCHES_PER_SECOND=str(options.capacity.mparticle_batches_per_second),
        MAXIMUM_CONCURRENCY=str(options.capacity.refresh_concurrency),
        **_suppression(suppression),
        COUNT_BY_VERSION=_switch(True) if options.count_by_version else None,
        CORRELATION_TABLE=correlation_table,
        EXPERIMENT=experiment,
        PROFILE_COLUMNS=",".join(options.profile_columns) or None,
    )


def _suppression(settings: SuppressionSettings | None) -> dict[str, str]:
    return {"CONTROL_BUCKET": settings.bucket, "SUPPRESSION_KEY_ARN": settings.key_arn} if settings else {}


def daily_check_environment(
    *, ingest_function: str, solution_arn: str | None, campaign_arn: str | None, event_tracker_arn: str | None
) -> dict[str, str]:
    """Return the variables of ``daily_check``; what is None it does not look at."""
    return _present(
        BROKER_VERSION=__version__,
        INGEST_FUNCTION=ingest_function,
        SOLUTION_ARN=solution_arn,
        CAMPAIGN_ARN=campaign_arn,
        EVENT_TRACKER_ARN=event_tracker_arn,
    )


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _present(**variables: str | None) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value is not None}
