"""``refresh``, the queue of customers that it reads, their dead letters, and the table of what it remembers."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from blueprint import sizing
from blueprint.environments import FunctionConfig, refresh_environment
from blueprint.mappings import QueueMapping
from infra import permissions
from infra.functions import BrokerFunction, LambdaCode
from infra.state_table import StateTable
from infra.storage import Buckets


class RefreshQueue(Construct):
    """Customers whose profile wants a new list, and the dead letters of those for whom it never worked."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            retention_period=cdk.Duration.seconds(sizing.DEAD_LETTER_RETENTION),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            delivery_delay=cdk.Duration.seconds(sizing.QUEUE_DELAY),
            visibility_timeout=cdk.Duration.seconds(sizing.QUEUE.visibility_timeout),
            retention_period=cdk.Duration.seconds(sizing.QUEUE_RETENTION),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=sizing.MAX_RECEIVES),
        )


class Refresh(Construct):
    """The queue → ``refresh`` → the customers' profiles at mParticle."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        campaign_arn: str,
        filter_arn: str | None,
        secret_arn: str,
        buckets: Buckets,
        options: FunctionConfig,
        lambda_code: LambdaCode,
    ) -> None:
        super().__init__(scope, id)
        queues = RefreshQueue(self, "RefreshQueue")
        self.queue, self.dead_letters = queues.queue, queues.dead_letters
        self.state_table = StateTable(self, "State").table
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
            ),
            permissions=permissions.refresh(
                self.queue, campaign_arn, filter_arn, secret_arn, buckets.quarantine, self.state_table
            ),
        )
        self.function = broker_function.function
        self.mapping = _queue_mapping(self, self.function, self.queue, options.capacity.queue)


def _queue_mapping(
    scope: Construct, function: lambda_.IFunction, queue: sqs.IQueue, numbers: QueueMapping
) -> lambda_.CfnEventSourceMapping:
    return lambda_.CfnEventSourceMapping(
        scope,
        "QueueMapping",
        function_name=function.function_arn,
        event_source_arn=queue.queue_arn,
        batch_size=numbers.batch_size,
        maximum_batching_window_in_seconds=numbers.maximum_batching_window,
        function_response_types=["ReportBatchItemFailures"] if numbers.report_batch_item_failures else None,
        scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
            maximum_concurrency=numbers.maximum_concurrency
        ),
    )
