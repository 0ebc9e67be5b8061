"""The deployment's settings: the ``broker:…`` keys of the CDK context as one typed object, or one error for them all.

They stand in ``cdk.json``; ``-c broker:KEY=VALUE`` and, for the stage, the environment variable STAGE go before it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from broker import item_columns
from broker.json_values import int64
from broker.metadata.columns import ITEMS, USERS
from broker.recommendation_ids import ATTRIBUTE

from blueprint import sizing
from blueprint.capacity import Capacity
from blueprint.environments import FunctionConfig, event_types_of
from blueprint.experiment import ExperimentPlan
from infra.context import Reader, arn, one_of, switch, text, texts, whole
from infra.experiment import experiment_problems, read_experiment
from infra.metadata_settings import read_metadata
from infra.model_settings import filter_expression, recipe
from infra.mparticle import EXAMPLE_ORGANISATION, KNOWN_PRINCIPALS, PODS
from infra.preflight import problems_of_variables
from infra.protection import Protection, key_elsewhere, read_protection
from infra.receivers import Receivers, out_of_reach, read_receivers
from infra.region import without_personalize
from infra.tuning_settings import Tuning, read_tuning, tuning_problems
from personalize_data.schema import metadata_schema, schema_columns

PREFIX = "broker:"
DEFAULT_NAME = "personalize-broker"
EXACT = 2**53
RUNBOOK = "docs/runbook.md"
LINEAR, ALL_AT_ONCE = "linear", "all-at-once"
DEFAULT_RECIPE = "aws-user-personalization-v2"


class SettingsError(Exception):
    """One or more settings are missing or wrong, or don't go together; the message names all of them."""


@dataclass(frozen=True)
class MParticle:
    """Whom the stream is for: the organisation's number and the AWS principals of its pod."""

    pod: str
    organisation: str
    principals: tuple[str, ...]
    role_exists: bool

    @property
    def is_example(self) -> bool:
        """Return whether the organisation is still the example."""
        return self.organisation == EXAMPLE_ORGANISATION


@dataclass(frozen=True)
class Personalize:
    """Existing resources, or how to create them. ``users_schema``, ``items_schema``: Avro schemas as compact JSON.

    ``second_tracking_id``: of another dataset group that is filled beside the one that serves.
    """

    tracking_id: str | None
    second_tracking_id: str | None
    campaign_arn: str | None
    filter_arn: str | None
    filter_expression: str | None
    min_tps: int
    recipe: str
    users_schema: str | None
    items_schema: str | None


@dataclass(frozen=True)
class AlarmOptions:
    """What alarms say and when: the runbook's address, and the least share of accepted interactions in percent.

    ``paused``: nobody is told of profiles. ``trains_every``: the days between automatic trainings, 0 without them.
    """

    runbook_url: str
    accepted_floor: int
    paused: bool = False
    trains_every: int = 7


class Stage(StrEnum):
    """How far a deployment is: a campaign can't exist before there is data to train on."""

    COLLECT = "collect"
    TRAIN = "train"
    RECOMMEND = "recommend"

    @property
    def step(self) -> int:
        """Return the stage's place, from 0."""
        return list(Stage).index(self)


@dataclass(frozen=True)
class Settings:
    """All that the stack needs to know.

    ``gradual``: whether a new version takes over bit by bit; ``hotfix``: but not this time. ``paused``: without
    campaigns, until it is resumed. ``tuning``: of the solutions, beyond what CloudFormation can set.
    """

    stage: Stage
    name: str
    mparticle: MParticle
    personalize: Personalize
    options: FunctionConfig
    shards: int | None
    archive_days: int | None
    history_exports: str | None
    python: str
    retain: bool
    suppression_list: bool
    rewind: bool
    receivers: Receivers
    alarm_options: AlarmOptions
    gradual: bool
    hotfix: bool
    protection: Protection
    record_logs: bool = False
    why_principals: tuple[str, ...] = ()
    experiment: ExperimentPlan | None = None
    paused: bool = False
    tuning: Tuning = Tuning()  # noqa: RUF009 - frozen

    @property
    def serves(self) -> bool:
        """Return whether profiles get lists: from the last stage on, unless paused."""
        return self.stage is Stage.RECOMMEND and not self.paused

    @property
    def running_experiment(self) -> ExperimentPlan | None:
        """Return the experiment that users are in, None while it is only prepared."""
        return self.experiment if self.experiment and not self.experiment.is_prepared else None


def read_settings(
    context: Mapping[str, Any], stage: str | None = None, root: Path = Path(), region: str | None = None
) -> Settings:
    """Read the context; ``stage`` goes before its own, files are relative to ``root``. Raises SettingsError.

    ``region``: where the stack goes, if that is known.
    """
    own = {key.removeprefix(PREFIX): value for key, value in context.items() if key.startswith(PREFIX)}
    read = Reader(own | ({"stage": stage} if stage else {}))
    its_stage = Stage(read("stage", one_of(*Stage), Stage.COLLECT))
    experiment = read_experiment(read)
    personalize = _personalize(read, root)
    metadata = read_metadata(read, {USERS: personalize.users_schema, ITEMS: personalize.items_schema})
    paused, tuning = read("paused", switch, False), read_tuning(read)
    gradual = read("deployment", one_of(LINEAR, ALL_AT_ONCE), LINEAR) == LINEAR and its_stage is Stage.RECOMMEND
    settings = Settings(
        stage=its_stage,
        name=read("name", _name, DEFAULT_NAME),
        mparticle=_mparticle(read),
        personalize=personalize,
        options=replace(_options(read, gradual, experiment), **vars(metadata)),
        shards=_shards(read),
        archive_days=_archive_days(read),
        history_exports=read("history_exports", text(r"s3://[a-z0-9.-]{3,63}/(.+/)?", "s3://bucket/folder/"), None),
        python=read("python", one_of("3.13", "3.14"), "3.13"),
        retain=read("on_destroy", one_of("keep", "delete"), "keep") == "keep",
        suppression_list=read("suppression_list", switch, False),
        rewind=read("rewind", switch, False),
        receivers=read_receivers(read),
        alarm_options=AlarmOptions(
            runbook_url=read("runbook_url", text(r"https://[^\s#]+", "an https address without #"), RUNBOOK),
            accepted_floor=read("accepted_floor", whole(0, 100), 1),
            paused=paused,
            trains_every=tuning.trains_every,
        ),
        gradual=gradual,
        hotfix=read("hotfix", switch, False),
        record_logs=read("record_logs", switch, False),
        why_principals=_why_principals(read),
        protection=read_protection(read),
        experiment=experiment,
        paused=paused,
        tuning=tuning,
    )
    variables = problems_of_variables(settings.options)
    problems = [
        *read.problems,
        *read.unknown(),
        *_contradictions(settings, read),
        *_of_pause(settings),
        *out_of_reach(settings.receivers.topic_regions, region),
        *key_elsewhere(settings.protection, region),
        *variables,
        *([] if variables else _of_tuning(settings)),
    ]
    lines = [f"  {PREFIX}{problem}" for problem in problems]
    if not settings.personalize.tracking_id:
        lines += [f"  {problem}" for problem in without_personalize(region)]
    if lines:
        raise SettingsError("\n".join(lines))
    return settings


def _mparticle(read: Reader) -> MParticle:
    pod = read("mparticle_pod", one_of(*PODS), "us1")
    principals = read("mparticle_principals", texts(arn("iam", "role/")), ())
    if any("*" in principal for principal in principals):
        read.problems.append("mparticle_principals must name each role, without wildcards")
    if not principals and not read.is_wrong("mparticle_principals"):
        principals = KNOWN_PRINCIPALS.get(pod, ())
        if not principals:
            read.problems.append(
                f"mparticle_principals is missing: the AWS roles that mParticle uses for pod {pod} are not published; "
                "ask mParticle for their ARNs"
            )
    return MParticle(
        pod=pod,
        organisation=read("mparticle_organisation", _organisation),
        principals=tuple(principals),
        role_exists=read("mparticle_role", one_of("create", "existing"), "create") == "existing",
    )


def _why_principals(read: Reader) -> tuple[str, ...]:
    principals = tuple(read("why_principals", texts(arn("iam")), ()))
    if any("*" in principal for principal in principals):
        read.problems.append("why_principals must name each role or user, without wildcards")
    return principals


def _personalize(read: Reader, root: Path) -> Personalize:
    tracking_id = text(r"[^\s]{1,256}", "an event tracker's tracking id")
    return Personalize(
        tracking_id=read("tracking_id", tracking_id, None),
        second_tracking_id=read("second_tracking_id", tracking_id, None),
        campaign_arn=read("campaign_arn", arn("personalize", "campaign/"), None),
        filter_arn=read("filter_arn", arn("personalize", "filter/"), None),
        filter_expression=read("filter_expression", filter_expression, None),
        min_tps=read("min_tps", whole(1, 500), 1),
        recipe=read("recipe", recipe, DEFAULT_RECIPE),
        users_schema=read("users_schema", lambda value: metadata_schema(root / str(value), "users"), None),
        items_schema=read("items_schema", lambda value: metadata_schema(root / str(value), "items"), None),
    )


def _options(read: Reader, gradual: bool, experiment: ExperimentPlan | None) -> FunctionConfig:
    return FunctionConfig(
        environment=read("environment", one_of("production", "development"), "production"),
        event_types=read("event_types", _joined, None),
        event_value=read("event_value", switch, True),
        recommendation_id_attribute=read("recommendation_id_attribute", _attribute, ATTRIBUTE),
        metric_attribution=read("metric_attribution", switch, False),
        impression_list=read("impression_list", text(r"(?=.*\S).{1,256}", "the name of a list"), None),
        refresh_actions=read("refresh_actions", _joined, None),
        view_sample=read("view_sample", str, "1"),
        consent_purpose=read("consent_purpose", text(r"(?=.*\S).{1,256}", "a purpose's name"), None),
        consent_unknown=read("consent_unknown", one_of("skip", "send"), "skip"),
        honour_ccpa=read("honour_ccpa", switch, True),
        num_results=read("num_results", whole(1, 500), 10),
        write_back_event=read("write_back_event", switch, True),
        concurrency=read("concurrency", whole(1, 256), 16),
        mparticle_pod=read("mparticle_pod", one_of(*PODS), "us1"),
        probe_mpid=read("probe_mpid", _mpid, None),
        refreshes_per_day=read("refreshes_per_day", whole(1, 10_000), None),
        capacity=_capacity(read),
        experiment=experiment.variable() if experiment and not experiment.is_prepared else None,
        profile_columns=read("profile_columns", _columns, ()),
        count_by_version=gradual,
    )


def _columns(value: Any) -> tuple[str, ...]:
    return item_columns.parsed(",".join(texts(str)(value)))


def _capacity(read: Reader) -> Capacity:
    default = Capacity()
    limits = {
        "put_events_per_second": (1, 1_000_000),
        "get_recommendations_per_second": (1, 1_000_000),
        "mparticle_batches_per_second": (1, 1_000_000),
        "parallelization_factor": (1, 10),
        "stream_window": (0, 300),
        "refresh_window": (1, 300),
        "refresh_concurrency": (2 * sizing.MINIMUM_CONCURRENCY, 1_000),
        "ingest_memory": (128, 10_240),
        "refresh_memory": (128, 10_240),
        "rewind_share": (1, 100),
    }
    return Capacity(**{name: read(name, whole(*most), getattr(default, name)) for name, most in limits.items()})


def _shards(read: Reader) -> int | None:
    """Return the number of shards of a provisioned stream, None for one on demand."""
    mode = read("stream_mode", one_of("on-demand", "provisioned"), "on-demand")
    shards: int | None = read("shards", whole(1, 200), None)
    if (mode == "provisioned") != read.is_there("shards"):
        read.problems.append("shards goes with stream_mode provisioned, and only with it")
    return shards


def _archive_days(read: Reader) -> int | None:
    """Return for how many days the raw archive keeps a record, None if there is none."""
    days: int = read("archive_days", whole(1, 3_650), sizing.ARCHIVE_DAYS)
    return days if read("archive", switch, False) else None


def _of_history(settings: Settings) -> list[str]:
    if not (settings.history_exports and settings.suppression_list):
        return []
    return ["history_exports does not know the suppression list: ./broker backfill does, and leaves its users out"]


def _contradictions(settings: Settings, read: Reader) -> list[str]:
    """Return what is wrong with each value being right: Personalize resources are all given, or all created."""
    given, stage, problems = settings.personalize, settings.stage, []
    if settings.rewind and not settings.suppression_list:
        problems.append("rewind needs suppression_list: true: without it, a rewind brings erased users back")
    if given.second_tracking_id and not settings.suppression_list:
        problems.append(
            "second_tracking_id needs suppression_list: true: without it, erased users come back in the second group"
        )
    if given.second_tracking_id and given.second_tracking_id == given.tracking_id:
        problems.append("second_tracking_id is tracking_id, too: after the switch, remove it")
    problems += _of_experiment(settings)
    problems += _of_history(settings)
    problems += _of_columns(settings)
    if given.filter_arn and given.filter_expression:
        problems.append("filter_arn and filter_expression are both there: give a filter, or have one created")
    if given.tracking_id:
        defaults = {
            "filter_expression": None,
            "users_schema": None,
            "items_schema": None,
            "min_tps": 1,
            "recipe": DEFAULT_RECIPE,
        }
        if settings.options.metric_attribution:
            problems.append("metric_attribution is for resources that are created, but tracking_id names existing ones")
        made = [key for key, default in defaults.items() if getattr(given, key) != default]
        problems += [f"{key} is for resources that are created, but tracking_id names existing ones" for key in made]
        if stage is Stage.TRAIN:
            problems.append("stage train creates a solution, but tracking_id names existing resources: use recommend")
        if stage is Stage.RECOMMEND and not given.campaign_arn and not read.is_wrong("campaign_arn"):
            problems.append("campaign_arn is missing: with a tracking_id the campaign must be given, too")
    elif not read.is_wrong("tracking_id"):
        alone = [key for key in ("campaign_arn", "filter_arn") if read.is_there(key)]
        problems += [f"{key} names an existing resource, but tracking_id is missing: give all or none" for key in alone]
    return problems


def _of_columns(settings: Settings) -> list[str]:
    """Return why the campaigns that are created could not give the columns that profiles are to have."""
    given, columns = settings.personalize, settings.options.profile_columns
    if given.tracking_id or not columns:
        return []
    known = schema_columns(given.items_schema) if given.items_schema else ()
    unknown = [column for column in columns if column not in known]
    where = "items_schema has no such column" if given.items_schema else "items_schema is missing"
    return [f"profile_columns names {', '.join(unknown)}, but {where}"] if unknown else []


def _of_experiment(settings: Settings) -> list[str]:
    given = settings.personalize
    if settings.experiment is None:
        return []
    return experiment_problems(
        settings.experiment,
        serves=settings.stage is Stage.RECOMMEND,
        creates=not given.tracking_id,
        own_recipe=given.recipe,
        has_filter=bool(given.filter_expression),
    )


def _of_pause(settings: Settings) -> list[str]:
    if settings.paused and settings.stage is not Stage.RECOMMEND:
        return [f"paused needs stage recommend: stage {settings.stage} has no campaign to take out"]
    return []


def _of_tuning(settings: Settings) -> list[str]:
    given, options = settings.personalize, settings.options
    return tuning_problems(
        settings.tuning,
        recipe=given.recipe,
        reported=event_types_of(options),
        event_value=options.event_value,
        creates=not given.tracking_id,
    )


def _name(value: Any) -> str:
    # It becomes part of the names of Personalize resources (63 characters) and of the stack (starts with a letter).
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", str(value)):
        raise ValueError(f"must be at most 40 small letters, digits and hyphens, a letter first, not {value!r}")
    return str(value)


def _organisation(value: Any) -> str:
    if not re.fullmatch(r"[0-9]{1,19}", str(value)):
        raise ValueError(f"must be mParticle's number of your organisation, digits only, not {value!r}")
    return str(value)


def _mpid(value: Any) -> int:
    mpid = int64(value)
    if isinstance(value, int) and abs(value) > EXACT:  # the CDK command line is JavaScript and has rounded it already
        raise ValueError("must be in quotes: as a number of that size it would become another one")
    if not mpid:
        raise ValueError(f"must be the mParticle id of an identity of your own, a signed 64-bit integer, not {value!r}")
    return mpid


_attribute = text(r"(?=.*\S).{1,256}", "the name of an attribute")


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(texts(str)(value))
