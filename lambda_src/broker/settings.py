"""The environment variables, typed: one dataclass per function, and one error for all that is missing or wrong."""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload
from urllib.parse import urlsplit

from broker import item_columns
from broker.experiment import POPULAR, Experiment, experiment_from
from broker.interactions import CONSENT_UNKNOWN, DEFAULT_ACTIONS, MAX_ID, SKIP, Rules
from broker.json_values import int64
from broker.metadata.columns import ITEMS, USERS, columns_from_json
from broker.metadata.sightings import Mapped
from broker.metadata.state import Policy
from broker.recommendation_ids import ATTRIBUTE
from broker.view_sample import EVERYTHING

T = TypeVar("T")
Default = TypeVar("Default")

# mParticle's hosts for server-to-server events, by data-localization pod (mParticle HTTP API and data localization).
POD_URLS = {pod: f"https://s2s.{pod}.mparticle.com" for pod in ("us1", "us2", "eu1", "au1")}
# product_action.action of mParticle's JSON reference; real data spells the wish list's removal in two ways.
ACTIONS = {
    "add_to_cart", "remove_from_cart", "checkout", "checkout_option", "click", "view_detail", "purchase", "refund",
    "add_to_wishlist", "remove_from_wish_list", "remove_from_wishlist",
}  # fmt: skip
# Quotas, each shared by all processes: PutEvents per dataset group, GetRecommendations per campaign (Amazon Personalize
# quotas), and batches per mParticle account (default service limits).
PUT_EVENTS_PER_SECOND, GET_RECOMMENDATIONS_PER_SECOND, MPARTICLE_BATCHES_PER_SECOND = 1000, 500, 270
MAX_ATTRIBUTE = 256  # characters of an attribute's name (mParticle default service limits)
ADD, MERGE = ITEM_UPDATES = ("add", "merge")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class SettingsError(Exception):
    """Environment variables of a function are missing or wrong; ``problems`` says what is wrong with each of them."""

    def __init__(self, function: str, problems: Sequence[str]) -> None:
        super().__init__(f"settings of {function}: " + "; ".join(problems))
        self.problems = list(problems)


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
    switched: bool = _Reader(environ)("COUNT_BY_VERSION", _switch, False)
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
    return _settings_of_stream("ingest", _Reader(environ))


def rewind_settings(environ: Mapping[str, str] | None = None) -> IngestSettings:
    """Read ``rewind``'s settings, which are ``ingest``'s, with a suppression list. Raises SettingsError.

    Without the list, reading the stream again would bring erased users back. It also holds the plan of the rewind.
    """
    read = _Reader(environ)
    read("CONTROL_BUCKET", _bucket)
    read("SUPPRESSION_KEY_ARN", _arn("secretsmanager", "secret:"))
    return _settings_of_stream("rewind", read)


def _settings_of_stream(function: str, read: "_Reader") -> IngestSettings:
    event_types = read("EVENT_TYPES", _event_types, {action: action for action in DEFAULT_ACTIONS})
    settings = IngestSettings(
        tracking_id=read("TRACKING_ID", _identifier),
        rules=Rules(
            event_types=event_types,
            environment=read("ENVIRONMENT", _environment, "production"),
            event_value=read("EVENT_VALUE", _switch, True),
            consent_purpose=read("CONSENT_PURPOSE", str, None),
            consent_unknown=read("CONSENT_UNKNOWN", _consent_unknown, SKIP),
            honour_ccpa=read("HONOUR_CCPA", _switch, True),
            recommendation_id_attribute=read("RECOMMENDATION_ID_ATTRIBUTE", _attribute, ATTRIBUTE),
            impression_list=read("IMPRESSION_LIST", _attribute, None),
        ),
        view_sample=read("VIEW_SAMPLE", _share, EVERYTHING),
        refresh_queue_url=read("REFRESH_QUEUE_URL", _url, None),
        purchase_queue_url=read("PURCHASE_QUEUE_URL", _url, None),
        refresh_actions=read("REFRESH_ACTIONS", _actions_of(event_types), frozenset(event_types)),
        quarantine_bucket=read("QUARANTINE_BUCKET", _bucket),
        concurrency=read("CONCURRENCY", _whole(1, 256), 16),
        put_events_per_second=read("PUT_EVENTS_PER_SECOND", _whole(1, 1_000_000), PUT_EVENTS_PER_SECOND),
        parallelization_factor=read("PARALLELIZATION_FACTOR", _whole(1, 10), 2),
        suppression=_suppression(read),
        correlation_table=read("CORRELATION_TABLE", _table, None),
        experiment=read("EXPERIMENT", _experiment, None),
        impressions_table=read("IMPRESSIONS_TABLE", _table, None),
        metric_attribution=read("METRIC_ATTRIBUTION", _switch, False),
        metadata=_metadata(read),
    )
    read.together("REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL")
    read.together("IMPRESSION_LIST", "IMPRESSIONS_TABLE")
    read.together("METADATA_TABLE", "METADATA_QUEUE_URL")
    read.check(function)
    return settings


def put_metadata_settings(environ: Mapping[str, str] | None = None) -> PutMetadataSettings:
    """Read ``put_metadata``'s settings, from the process's environment if no other is given. Raises SettingsError."""
    read = _Reader(environ)
    read("METADATA_TABLE", _table)
    metadata = _metadata(read) or MetadataSettings("", Mapped(), merges_items=False)
    if not metadata.policies:
        read.note("USER_COLUMNS and ITEM_COLUMNS are missing")
    names = {USERS: "USERS_DATASET_ARN", ITEMS: "ITEMS_DATASET_ARN"}
    arns = {dataset: read(names[dataset], _arn("personalize", "dataset/")) for dataset in metadata.policies}
    suppression = _suppression(read)
    read.check("put_metadata")
    return PutMetadataSettings(metadata, arns, suppression)


def refresh_settings(environ: Mapping[str, str] | None = None) -> RefreshSettings:
    """Read ``refresh``'s settings, from the process's environment if no other is given. Raises SettingsError."""
    read = _Reader(environ)
    pod = read("MPARTICLE_POD", _pod, POD_URLS["us1"])
    settings = RefreshSettings(
        campaign_arn=read("CAMPAIGN_ARN", _arn("personalize", "campaign/")),
        filter_arn=read("FILTER_ARN", _arn("personalize", "filter/"), None),
        num_results=read("NUM_RESULTS", _whole(1, 500), 10),
        environment=read("ENVIRONMENT", _environment, "production"),
        mparticle_secret_arn=read("MPARTICLE_SECRET_ARN", _arn("secretsmanager", "secret:")),
        mparticle_url=read("MPARTICLE_URL", _url, pod),
        write_back_event=read("WRITE_BACK_EVENT", _switch, True),
        probe_mpid=read("PROBE_MPID", _mpid, None),
        quarantine_bucket=read("QUARANTINE_BUCKET", _bucket),
        state_table=read("STATE_TABLE", _table),
        concurrency=read("CONCURRENCY", _whole(1, 256), 16),
        get_recommendations_per_second=read(
            "GET_RECOMMENDATIONS_PER_SECOND", _whole(1, 1_000_000), GET_RECOMMENDATIONS_PER_SECOND
        ),
        mparticle_batches_per_second=read(
            "MPARTICLE_BATCHES_PER_SECOND", _whole(1, 1_000_000), MPARTICLE_BATCHES_PER_SECOND
        ),
        maximum_concurrency=read("MAXIMUM_CONCURRENCY", _whole(1, 1_000), 4),
        refreshes_per_day=read("REFRESHES_PER_DAY", _whole(1, 10_000), None),
        suppression=_suppression(read),
        correlation_table=read("CORRELATION_TABLE", _table, None),
        experiment=read("EXPERIMENT", _experiment_with_lists, None),
        profile_columns=read("PROFILE_COLUMNS", item_columns.parsed, ()),
    )
    if settings.profile_columns and settings.num_results > item_columns.MAX_RESULTS:
        read.note(f"NUM_RESULTS must be at most {item_columns.MAX_RESULTS} with PROFILE_COLUMNS")
    read.check("refresh")
    return settings


def daily_check_settings(environ: Mapping[str, str] | None = None) -> DailyCheckSettings:
    """Read ``daily_check``'s settings, from the process's environment if no other is given. Raises SettingsError."""
    read = _Reader(environ)
    campaign = read("CAMPAIGN_ARN", _arn("personalize", "campaign/"), None)
    settings = DailyCheckSettings(
        ingest_function=read("INGEST_FUNCTION", _identifier),
        # A campaign names its solution.
        solution_arn=read("SOLUTION_ARN", _arn("personalize", "solution/"), *([None] if campaign else [])),
        campaign_arn=campaign,
        event_tracker_arn=read("EVENT_TRACKER_ARN", _arn("personalize", "event-tracker/"), None),
    )
    read.check("daily_check")
    return settings


_REQUIRED: Any = object()


class _Reader:
    """Reads one variable at a time; ``check`` raises one error for all that were missing or wrong."""

    def __init__(self, environ: Mapping[str, str] | None) -> None:
        self._environ = os.environ if environ is None else environ
        self._problems: list[str] = []

    @overload
    def __call__(self, name: str, parse: Callable[[str], T]) -> T: ...

    @overload
    def __call__(self, name: str, parse: Callable[[str], T], default: Default) -> T | Default: ...

    def __call__(self, name: str, parse: Callable[[str], Any], default: Any = _REQUIRED) -> Any:
        text = self._environ.get(name, "").strip()
        if not text:
            if default is _REQUIRED:
                self._problems.append(f"{name} is missing")
            return default
        try:
            return parse(text)
        except ValueError as error:
            self._problems.append(f"{name} {error}")
            return default

    def note(self, problem: str) -> None:
        """Note what is wrong with settings that are right one by one."""
        self._problems.append(problem)

    def together(self, *names: str) -> None:
        """Note which variables are missing of those that go together; all of them may be."""
        missing = [name for name in names if not self._environ.get(name, "").strip()]
        if len(missing) < len(names):
            self._problems += [f"{name} is missing" for name in missing]

    def check(self, function: str) -> None:
        if self._problems:
            raise SettingsError(function, list(dict.fromkeys(self._problems)))


def _suppression(read: _Reader) -> SuppressionSettings | None:
    """Read where the suppression list is; None where the stack has none."""
    read.together("CONTROL_BUCKET", "SUPPRESSION_KEY_ARN")
    bucket = read("CONTROL_BUCKET", _bucket, None)
    key_arn = read("SUPPRESSION_KEY_ARN", _arn("secretsmanager", "secret:"), None)
    return SuppressionSettings(bucket, key_arn) if bucket and key_arn else None


def _metadata(read: _Reader) -> MetadataSettings | None:
    """Read what comes from the stream beside interactions; None where nothing does."""
    table = read("METADATA_TABLE", _table, None)
    mapped = Mapped(read("USER_COLUMNS", columns_from_json, ()), read("ITEM_COLUMNS", columns_from_json, ()))
    merges_items = read("ITEM_UPDATES", _item_updates, ADD) == MERGE
    queue_url = read("METADATA_QUEUE_URL", _url, None)
    return MetadataSettings(table, mapped, merges_items, queue_url) if table and any(mapped) else None


def _event_types(text: str) -> dict[str, str]:
    pairs = [entry.strip().partition(":") for entry in text.split(",") if entry.strip()]
    types = {action.strip(): name.strip() or action.strip() for action, _, name in pairs}
    _known(types)
    if any(len(name) > MAX_ID for name in types.values()):
        raise ValueError(f"has an event type of over {MAX_ID} characters")
    return types


def _known(actions: Mapping[str, str] | frozenset[str]) -> None:
    unknown = sorted(set(actions) - ACTIONS)
    if unknown or not actions:
        raise ValueError(f"names no product action of mParticle's: {', '.join(unknown) or '(empty)'}")


def _actions_of(event_types: Mapping[str, str]) -> Callable[[str], frozenset[str]]:
    def parse(text: str) -> frozenset[str]:
        actions = frozenset(action.strip() for action in text.split(",") if action.strip())
        _known(actions)
        if not actions <= set(event_types):
            raise ValueError(
                f"names an action that EVENT_TYPES does not report: {', '.join(actions - set(event_types))}"
            )
        return actions

    return parse


def _switch(text: str) -> bool:
    if text.lower() in {"on", "true", "1", "yes"}:
        return True
    if text.lower() in {"off", "false", "0", "no"}:
        return False
    raise ValueError(f"must be on or off, not {text!r}")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def _share(text: str) -> float:
    if not re.fullmatch(r"0(\.[0-9]{1,4})?|1(\.0{1,4})?", text):
        raise ValueError(f"must be a share from 0 to 1, with at most four decimals, not {text!r}")
    return float(text)


def _experiment(text: str) -> Experiment:
    try:
        value = json.loads(text)
    except ValueError:
        raise ValueError(f"must be a JSON object, not {text[:40]!r}") from None
    return experiment_from(value)


def _experiment_with_lists(text: str) -> Experiment:
    experiment = _experiment(text)
    if experiment.holdout_list == POPULAR and not experiment.holdout_campaign_arn:
        raise ValueError("has holdout_list popular, but no holdout_campaign_arn")
    return experiment


def _mpid(text: str) -> int:
    mpid = int64(text)
    if not mpid:
        raise ValueError(f"must be an mParticle id, a signed 64-bit integer, not {text!r}")
    return mpid


def _environment(text: str) -> str:
    if text.lower() not in {"production", "development"}:
        raise ValueError(f"must be production or development, not {text!r}")
    return text.lower()


def _consent_unknown(text: str) -> str:
    if text.lower() not in CONSENT_UNKNOWN:
        raise ValueError(f"must be skip or send, not {text!r}")
    return text.lower()


def _item_updates(text: str) -> str:
    if text.lower() not in ITEM_UPDATES:
        raise ValueError(f"must be add or merge, not {text!r}")
    return text.lower()


def _identifier(text: str) -> str:
    if len(text) > MAX_ID or any(character.isspace() for character in text):
        raise ValueError(f"must be an id of at most {MAX_ID} characters without spaces")
    return text


def _attribute(text: str) -> str:
    if len(text) > MAX_ATTRIBUTE:
        raise ValueError(f"must have at most {MAX_ATTRIBUTE} characters")
    return text


def _bucket(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        raise ValueError(f"must be the name of an S3 bucket, not {text!r}")
    return text


def _table(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", text):
        raise ValueError(f"must be the name of a DynamoDB table, not {text!r}")
    return text


def _arn(service: str, resource: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(rf"arn:[\w-]+:{service}:[\w-]+:\d{{12}}:{resource}\S+", text):
            raise ValueError(f"must be an ARN like arn:aws:{service}:REGION:ACCOUNT:{resource}NAME")
        return text

    return parse


def _pod(text: str) -> str:
    if text.lower() not in POD_URLS:
        raise ValueError(f"must be one of {', '.join(POD_URLS)}, not {text!r}")
    return POD_URLS[text.lower()]


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https: only loopback may do without")
    return text.rstrip("/")
