"""The stack: mParticle → stream → ingest → Personalize; queues → refresh → profiles. Only wiring."""

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.environments import metrics_of
from infra.alarms import Alarms
from infra.archive import Archive
from infra.correlation import CorrelationKeys
from infra.cost.floors import floors
from infra.cost.prices import EXAMPLE, read_prices
from infra.daily_check import DailyCheck
from infra.dashboard import Dashboard
from infra.data_key import DataKey
from infra.deployment import GradualDeployment
from infra.example import refuse_example
from infra.functions import LambdaCode, lambda_code
from infra.history_map import HistoryMap
from infra.imports import Imports
from infra.ingest import Ingest
from infra.metadata import Metadata
from infra.metric_attribution import MetricAttribution
from infra.metrics import Metrics
from infra.outputs import outputs
from infra.personalize import PersonalizeResources
from infra.recipe_effects import say_effects
from infra.refresh import ExperimentOfRefresh, Refresh
from infra.rewind import Rewind
from infra.rollback_alarms import rollback_alarms
from infra.settings import Settings
from infra.storage import Buckets, MParticleSecret
from infra.stream import EventStream, MParticleAccess, only_writers
from infra.suppression import Suppression
from infra.user_table import UserTable
from infra.variants import Variants, tell_floors
from infra.why import WhyRole


class BrokerStack(cdk.Stack):
    """One broker. Its three stages differ in what Personalize has, and in queues and ``refresh``, nowhere else."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **stack: Any) -> None:
        super().__init__(scope, id, stack_name=settings.name, description="Personalize Broker", **stack)
        self._settings = settings
        name, keep, protection = settings.name, settings.retain, settings.protection
        code = lambda_code(self, settings.python)

        data_key = DataKey(self, "DataKey", setting=protection.kms_key, retain=keep) if protection.kms_key else None
        key = data_key.key if data_key else None
        access_logs = self._access_logs(protection.access_log_bucket)

        events = EventStream(self, "Events", shards=settings.shards, retain=keep, key=key).stream
        MParticleAccess(self, "MParticle", stream=events, name=name, mparticle=settings.mparticle, key=key)
        if protection.stream_writers is not None:
            only_writers(self, events, protection.stream_writers)
        buckets = Buckets(self, "Buckets", retain=keep, key=key, access_logs=access_logs)
        imports = Imports(self, "Imports", retain=keep, access_logs=access_logs)
        secret = MParticleSecret(self, "MParticleSecret", retain=keep, key=key)
        personalize = PersonalizeResources(
            self,
            "Personalize",
            name=name,
            settings=settings.personalize,
            gives_columns=bool(settings.options.profile_columns),
            stage=settings.stage,
            paused=settings.paused,
            retain=keep,
            key=data_key,
        )
        attribution = self._attribution(personalize, imports)
        suppression = Suppression(self, "Suppression", retain=keep, key=key) if settings.suppression_list else None
        keys = CorrelationKeys(self, "CorrelationKeys").table if settings.record_logs else None
        impressions = UserTable(self, "Impressions", key=key).table if settings.options.impression_list else None
        experiment = self._experiment(personalize)
        metadata = self._metadata(personalize, code, suppression, key)
        refresh = self._refresh(personalize, secret, buckets, keys, code, suppression, key, experiment)
        ingest = Ingest(
            self,
            "Ingest",
            stream=events,
            tracking_id=personalize.tracking_id,
            buckets=buckets,
            queues=refresh.queues if refresh and not settings.paused else None,
            correlation_keys=keys,
            impressions=impressions,
            metadata=metadata,
            options=settings.options,
            lambda_code=code,
            suppression=suppression,
            retain=keep,
            key=key,
            reserved_concurrency=protection.reserved_concurrency,
        )
        rewind = None
        if settings.rewind and suppression:
            rewind = Rewind(
                self,
                "Rewind",
                stream=events,
                tracking_id=settings.personalize.second_tracking_id or personalize.tracking_id,
                buckets=buckets,
                suppression=suppression,
                options=settings.options,
                lambda_code=code,
                retain=keep,
                key=key,
            )
        archive = self._archive(events)
        if settings.history_exports:
            HistoryMap(
                self,
                "History",
                name=name,
                exports=settings.history_exports,
                imports=imports.bucket,
                options=settings.options,
                python=settings.python,
                retain=keep,
                key=key,
            )
        second = self._second(events, buckets, suppression, impressions, code, key)
        daily_check = self._daily_check(personalize, ingest, code, key)
        self._watch(Metrics(events, ingest, refresh, daily_check, rewind, archive, second, metadata))
        if settings.gradual and refresh:
            self._deploy_gradually(ingest, refresh)
        why = self._why(ingest, refresh, keys)
        parts = ingest, refresh, suppression, why, keys, rewind, archive, second, impressions, attribution, metadata
        outputs(self, settings, events, buckets, imports, secret, personalize, *parts)
        say_effects(self, settings)
        if settings.mparticle.is_example:
            refuse_example(self)

    def _archive(self, events: kinesis.IStream) -> Archive | None:
        days = self._settings.archive_days
        return Archive(self, "Archive", stream=events, days=days, retain=self._settings.retain) if days else None

    def _attribution(self, personalize: PersonalizeResources, imports: Imports) -> MetricAttribution | None:
        """Return the metric attribution, where one is wanted and there is a dataset group of the stack's own."""
        settings = self._settings
        if not settings.options.metric_attribution or personalize.datasets is None:
            return None
        return MetricAttribution(
            self,
            "Attribution",
            name=settings.name,
            datasets=personalize.datasets,
            bucket=imports.bucket,
            metrics=metrics_of(settings.name, settings.options),
        )

    def _metadata(
        self,
        personalize: PersonalizeResources,
        code: LambdaCode,
        suppression: Suppression | None,
        key: kms.IKey | None,
    ) -> Metadata | None:
        """Return what fills the Users and the Items dataset from the stream, where columns of them are mapped."""
        options = self._settings.options
        if not (options.user_columns or options.item_columns) or personalize.datasets is None:
            return None
        return Metadata(
            self,
            "Metadata",
            dataset_arns=personalize.datasets.metadata_arns,
            options=options,
            lambda_code=code,
            retain=self._settings.retain,
            key=key,
            suppression=suppression,
        )

    def _second(
        self,
        events: kinesis.IStream,
        buckets: Buckets,
        suppression: Suppression | None,
        impressions: dynamodb.ITable | None,
        code: LambdaCode,
        key: kms.IKey | None,
    ) -> Ingest | None:
        """Return what fills a second dataset group, while there is one to fill: ``ingest`` once more, without queues.

        The functions share no checkpoint: a tracker that refuses holds back its own function, and not the other one.
        """
        tracking_id = self._settings.personalize.second_tracking_id
        if not (tracking_id and suppression):
            return None
        return Ingest(
            self,
            "Second",
            stream=events,
            tracking_id=tracking_id,
            buckets=buckets,
            queues=None,
            correlation_keys=None,
            impressions=impressions,
            options=replace(self._settings.options, count_by_version=False),  # new versions of it take over at once
            lambda_code=code,
            suppression=suppression,
            retain=self._settings.retain,
            key=key,
            mapping_id="SecondStreamMapping",
        )

    def _refresh(
        self,
        personalize: PersonalizeResources,
        secret: MParticleSecret,
        buckets: Buckets,
        keys: dynamodb.ITable | None,
        code: LambdaCode,
        suppression: Suppression | None,
        key: kms.IKey | None,
        experiment: ExperimentOfRefresh | None,
    ) -> Refresh | None:
        """Return the second flow, once there is a campaign to ask."""
        if personalize.campaign_arn is None:
            return None
        return Refresh(
            self,
            "Refresh",
            campaign_arn=personalize.campaign_arn,
            campaigns=personalize.campaigns,
            paused=self._settings.paused,
            filter_arn=personalize.filter_arn,
            filter_name=personalize.filter_name,
            secret_arn=secret.arn,
            buckets=buckets,
            correlation_keys=keys,
            options=self._settings.options,
            lambda_code=code,
            suppression=suppression,
            retain=self._settings.retain,
            key=key,
            experiment=experiment,
        )

    def _experiment(self, personalize: PersonalizeResources) -> ExperimentOfRefresh | None:
        """Make what the variants of an experiment need; return it for ``refresh``, unless it is only prepared."""
        plan = self._settings.experiment
        if plan is None:
            return None
        tell_floors(self, floors(self._settings, read_prices(EXAMPLE)))
        variants = None
        if personalize.datasets and personalize.solution_arn:
            variants = Variants(
                self,
                "Variants",
                name=self._settings.name,
                plan=plan,
                datasets=personalize.datasets,
                solution_arn=personalize.solution_arn,
                gives_columns=bool(self._settings.options.profile_columns),
                serve=not plan.is_prepared,
                paused=self._settings.paused,
            )
        if plan.is_prepared:
            return None
        made = variants.arns if variants else {}
        arns = [*plan.given_arns(), *(arn for each in made.values() for arn in each.values())]
        names, campaigns = (variants.names, variants.campaigns) if variants else ((), ())
        return ExperimentOfRefresh(plan.variable(made), tuple(arns), tuple(names), tuple(campaigns))

    def _access_logs(self, name: str | None) -> s3.IBucket | None:
        return s3.Bucket.from_bucket_name(self, "AccessLogs", name) if name else None

    def _deploy_gradually(self, ingest: Ingest, refresh: Refresh) -> None:
        deployment = GradualDeployment(self, "Deployment", hotfix=self._settings.hotfix)
        alarms = rollback_alarms(self, self._settings.name, ingest.live, refresh.live)
        deployment.add("Ingest", ingest.live, alarms["ingest"])
        deployment.add("Refresh", refresh.live, alarms["refresh"])

    def _daily_check(
        self, personalize: PersonalizeResources, ingest: Ingest, code: LambdaCode, key: kms.IKey | None
    ) -> DailyCheck | None:
        """Return the daily check, once there is a model to check."""
        if not (personalize.solution_arn or personalize.campaign_arn):
            return None
        return DailyCheck(
            self,
            "DailyCheck",
            personalize=personalize,
            ingest_function=ingest.function.function_name,
            paused=self._settings.paused,
            lambda_code=code,
            retain=self._settings.retain,
            key=key,
        )

    def _why(self, ingest: Ingest, refresh: Refresh | None, keys: dynamodb.ITable | None) -> WhyRole | None:
        """Return the role of `./broker why`, where somebody may take it."""
        principals = self._settings.why_principals
        if not principals:
            return None
        return WhyRole(self, "Why", principals=principals, ingest=ingest, refresh=refresh, correlation_keys=keys)

    def _watch(self, metrics: Metrics) -> None:
        name = self._settings.name
        alarms = Alarms(
            self,
            "Alarms",
            name=name,
            metrics=metrics,
            receivers=self._settings.receivers,
            capacity=self._settings.options.capacity,
            options=self._settings.alarm_options,
        )
        Dashboard(self, "Dashboard", name=name, metrics=metrics, alarms=alarms.shown)
