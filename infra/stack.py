"""The stack: mParticle → stream → ingest → Personalize; queue → refresh → profiles. Only wiring."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from infra.bundling import program
from infra.example import refuse_example
from infra.functions import Ingest, Refresh, RefreshQueue
from infra.metrics import Metrics
from infra.monitoring import Alarms, Dashboard
from infra.outputs import outputs
from infra.personalize import PersonalizeResources
from infra.settings import Settings
from infra.storage import Buckets, MParticleSecret
from infra.stream import EventStream, MParticleAccess


class BrokerStack(cdk.Stack):
    """One broker. Its three stages differ in what Personalize has, and in queue and ``refresh``, nowhere else."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings, **stack: Any) -> None:
        super().__init__(scope, id, stack_name=settings.name, description="Personalize Broker", **stack)
        name, keep, options = settings.name, settings.keep, settings.options
        code = program(settings.python)

        events = EventStream(self, "Events", shards=settings.shards, keep=keep).stream
        MParticleAccess(self, "MParticle", stream=events, name=name, mparticle=settings.mparticle)
        buckets = Buckets(self, "Buckets", keep=keep)
        secret = MParticleSecret(self, "MParticleSecret", keep=keep)
        personalize = PersonalizeResources(
            self, "Personalize", name=name, settings=settings.personalize, stage=settings.stage, keep=keep
        )

        refresh_queue, refresh = None, None
        if personalize.campaign_arn:
            refresh_queue = RefreshQueue(self, "RefreshQueue")
            refresh = Refresh(
                self,
                "Refresh",
                queue=refresh_queue.queue,
                campaign_arn=personalize.campaign_arn,
                filter_arn=personalize.filter_arn,
                secret_arn=secret.arn,
                quarantine=buckets.quarantine,
                options=options,
                program=code,
            )
        ingest = Ingest(
            self,
            "Ingest",
            stream=events,
            tracking_id=personalize.tracking_id,
            quarantine=buckets.quarantine,
            on_failure=buckets.on_failure,
            queue=refresh_queue.queue if refresh_queue else None,
            options=options,
            program=code,
        )

        metrics = Metrics(events=events, ingest=ingest, refresh_queue=refresh_queue, refresh=refresh)
        alarms = Alarms(self, "Alarms", name=name, metrics=metrics, email=settings.alarm_email)
        Dashboard(self, "Dashboard", name=name, metrics=metrics, alarms=alarms.alarms)
        if settings.mparticle.is_example:
            refuse_example(self)
        outputs(self, settings, events, buckets, secret, personalize, refresh_queue)
