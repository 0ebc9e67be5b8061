"""A second function ``ingest``, which fills a second dataset group beside the one that serves; and its alarms."""

from dataclasses import replace

from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from constructs import Construct

from blueprint.environments import FunctionConfig
from infra.daily_alarms import Add
from infra.functions import LambdaCode
from infra.ingest import Ingest
from infra.metrics import Metrics
from infra.notifications import Urgency
from infra.storage import Buckets
from infra.suppression import Suppression

MAX_ITERATOR_AGE_MS = 60 * 60 * 1000  # it begins three days back; and nobody is served by it


class SecondIngest(Ingest):
    """Stream → ``ingest`` once more → the second tracker, by a mapping of its own, from the stream's oldest record on.

    The functions share no checkpoint: a tracker that refuses holds back its own function, and not the other one. It
    asks for no refreshes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stream: kinesis.IStream,
        tracking_id: str,
        buckets: Buckets,
        suppression: Suppression,
        options: FunctionConfig,
        lambda_code: LambdaCode,
        retain: bool,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(
            scope,
            id,
            stream=stream,
            tracking_id=tracking_id,
            buckets=buckets,
            queues=None,
            correlation_keys=None,
            options=replace(options, count_by_version=False),  # new versions of it take over at once
            lambda_code=lambda_code,
            suppression=suppression,
            retain=retain,
            key=key,
            mapping_id="SecondStreamMapping",
        )


def add_second_alarms(add: Add, metrics: Metrics) -> None:
    """Add what tells that the second dataset group gets less than the stream has. None of it is urgent."""
    ticket = Urgency.TICKET
    add(
        "second-errors",
        ticket,
        "Invocations of the second ingest fail: its dataset group falls behind. The one that serves is not concerned.",
        metrics.function("second", "Errors"),
    )
    add(
        "second-iterator-age",
        ticket,
        "For an hour, events wait for over an hour for the second dataset group. Expected right after the setting.",
        metrics.iterator_age("second"),
        threshold=MAX_ITERATOR_AGE_MS,
        evaluations=12,
    )
    add(
        "second-on-failure",
        ticket,
        "Records were given up for the second dataset group after two days, into the on-failure bucket.",
        metrics.given_up(metrics.second),
    )
