"""``refresh``, the two queues of customers that it reads, their dead letters, and the table of what it remembers."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from blueprint import sizing
from blueprint.environments import FunctionConfig, refresh_environment
from blueprint.mappings import QueueMapping
from infra import permissions
from infra.functions import BrokerFunction, LambdaCode
from infra.storage import Buckets
from infra.suppression import Suppression
from infra.user_table import UserTable


@dataclass(frozen=True)
class ExperimentOfRefresh:
    """The experiment as ``refresh`` reads it, its campaigns and filters, and the names of those that are made.

    ``campaigns``: those that the stack makes.
    """

    variable: str
    arns: tuple[str, ...]
    names: tuple[str, ...]
    campaigns: tuple[cdk.CfnResource, ...] = ()


class RefreshQueues(Construct):
    """Customers whose profile wants a new list, and the dead letters of those for whom it never worked.

    Those who bought something have a queue of their own. Both share the dead letters: SQS moves each back to the queue
    that it is from.
    """

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey | None = None) -> None:
        super().__init__(scope, id)
        self._key = key
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            enforce_ssl=True,
            encryption=self._encryption,
            encryption_master_key=key,
            retention_period=cdk.Duration.seconds(sizing.DEAD_LETTER_RETENTION),
        )
        self.queue, self.purchases = self._queue("Queue"), self._queue("Purchases")

    @property
    def _encryption(self) -> sqs.QueueEncryption:
        return sqs.QueueEncryption.KMS if self._key else sqs.QueueEncryption.SQS_MANAGED

    def _queue(self, id: str) -> sqs.Queue:
        return sqs.Queue(
            self,
            id,
            enforce_ssl=True,
            encryption=self._encryption,
            encryption_master_key=self._key,
            delivery_delay=cdk.Duration.seconds(sizing.QUEUE_DELAY),
            visibility_timeout=cdk.Duration.seconds(sizing.QUEUE.visibility_timeout),
            retention_period=cdk.Duration.seconds(sizing.QUEUE_RETENTION),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=sizing.MAX_RECEIVES),
        )


class Refresh(Construct):
    """The queues → ``refresh`` → the customers' profiles at mParticle.

    ``campaigns``: what the stack makes, and ``refresh`` asks. While ``paused`` it reads no queue; the mappings stay, so
    that they stop before a campaign goes, and begin after it is back.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        campaign_arn: str,
        campaigns: Sequence[cdk.CfnResource],
        paused: bool,
        filter_arn: str | None,
        filter_name: str | None,
        secret_arn: str,
        buckets: Buckets,
        correlation_keys: dynamodb.ITable | None,
        options: FunctionConfig,
        lambda_code: LambdaCode,
        retain: bool,
        key: kms.IKey | None = None,
        suppression: Suppression | None = None,
        experiment: ExperimentOfRefresh | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.queues = RefreshQueues(self, "RefreshQueue", key=key)
        self.state_table = UserTable(self, "State", key=key).table
        broker_function = BrokerFunction(
            self,
            "Refresh",
            handler="broker.refresh.handler",
            size=options.capacity.refresh,
            lambda_code=lambda_code,
            environment=refresh_environment(
                options,
                campaign_arn=campaign_arn,
                filter_arn=filter_arn,
                mparticle_secret_arn=secret_arn,
                quarantine_bucket=buckets.quarantine.bucket_name,
                state_table=self.state_table.table_name,
                suppression=suppression.settings if suppression else None,
                correlation_table=correlation_keys.table_name if correlation_keys else None,
                experiment=experiment.variable if experiment else None,
            ),
            permissions=[
                *permissions.refresh(
                    (self.queues.queue, self.queues.purchases),
                    campaign_arn,
                    filter_arn,
                    secret_arn,
                    buckets.quarantine,
                    self.state_table,
                    key,
                    experiment.arns if experiment else (),
                ),
                *(suppression.permissions if suppression else ()),
                *permissions.make_keys(correlation_keys),
            ],
            retain=retain,
            log_key=key,
            version_of=[*([filter_name] if filter_name else []), *(experiment.names if experiment else ())],
        )
        self.function, self.live = broker_function.function, broker_function.live
        self.log_group = broker_function.log_group
        self.asked_arns = [arn for arn in (campaign_arn, filter_arn, *(experiment.arns if experiment else ())) if arn]
        capacity, after = options.capacity, [*campaigns, *(experiment.campaigns if experiment else ())]
        for name, queue, numbers in (
            ("QueueMapping", self.queues.queue, capacity.queue),
            ("PurchaseMapping", self.queues.purchases, capacity.purchase_queue),
        ):
            mapping = _queue_mapping(self, name, self.live, queue, numbers, paused=paused)
            for campaign in after:
                mapping.add_resource_dependency(campaign)


def _queue_mapping(
    scope: Construct, id: str, function: lambda_.IAlias, queue: sqs.IQueue, numbers: QueueMapping, *, paused: bool
) -> lambda_.CfnEventSourceMapping:
    return lambda_.CfnEventSourceMapping(
        scope,
        id,
        enabled=not paused,  # said also where it is true: an update that leaves it out changes nothing
        function_name=function.function_arn,
        event_source_arn=queue.queue_arn,
        batch_size=numbers.batch_size,
        maximum_batching_window_in_seconds=numbers.maximum_batching_window,
        function_response_types=["ReportBatchItemFailures"] if numbers.report_batch_item_failures else None,
        scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
            maximum_concurrency=numbers.maximum_concurrency
        ),
    )
