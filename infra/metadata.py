"""What brings users and items from the stream to their datasets: a table, a queue, and ``put_metadata``.

Both are the datasets' alone. What the table remembers of items is what the stream may not overwrite. So it is kept
where the datasets are.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from broker.metadata.columns import ITEMS, USERS
from broker.metadata.table import EXPIRY, KEY
from constructs import Construct

from blueprint import sizing
from blueprint.environments import FunctionConfig, put_metadata_environment
from infra import permissions
from infra.functions import BrokerFunction, LambdaCode
from infra.retention import removal_policy
from infra.suppression import Suppression


class MetadataQueue(Construct):
    """Users and items whose record is to be put, and the dead letters of those for whom it never worked."""

    def __init__(self, scope: Construct, id: str, *, key: kms.IKey | None) -> None:
        super().__init__(scope, id)
        self._key = key
        self.dead_letters = self._queue("DeadLetters", sizing.DEAD_LETTER_RETENTION)
        self.queue = self._queue(
            "Queue",
            sizing.QUEUE_RETENTION,
            sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=sizing.MAX_RECEIVES),
        )

    def _queue(self, id: str, retention: int, dead_letters: sqs.DeadLetterQueue | None = None) -> sqs.Queue:
        return sqs.Queue(
            self,
            id,
            fifo=True,
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.KMS if self._key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=self._key,
            delivery_delay=cdk.Duration.seconds(sizing.METADATA_DELAY) if dead_letters else None,
            visibility_timeout=cdk.Duration.seconds(sizing.METADATA_QUEUE.visibility_timeout),
            retention_period=cdk.Duration.seconds(retention),
            dead_letter_queue=dead_letters,
        )


class Metadata(Construct):
    """The queue → ``put_metadata`` → the Users and the Items dataset. ``dataset_arns``: by ``users`` and ``items``."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        dataset_arns: Mapping[str, str],
        options: FunctionConfig,
        lambda_code: LambdaCode,
        retain: bool,
        key: kms.IKey | None = None,
        suppression: Suppression | None = None,
    ) -> None:
        super().__init__(scope, id)
        columns = {USERS: options.user_columns, ITEMS: options.item_columns}
        arns = {dataset: arn for dataset, arn in dataset_arns.items() if columns[dataset]}
        self.queues = MetadataQueue(self, "Queue", key=key)
        self.table = self._table(retain=retain, key=key)
        broker_function = BrokerFunction(
            self,
            "PutMetadata",
            handler="broker.put_metadata.handler",
            size=sizing.PUT_METADATA,
            lambda_code=lambda_code,
            environment=put_metadata_environment(
                options,
                metadata_table=self.table.table_name,
                users_dataset_arn=arns.get(USERS),
                items_dataset_arn=arns.get(ITEMS),
                suppression=suppression.settings if suppression else None,
            ),
            permissions=[
                *permissions.put_metadata(self.queues.queue, self.table, arns.get(USERS), arns.get(ITEMS), key),
                *(suppression.permissions if suppression else ()),
            ],
            retain=retain,
            log_key=key,
        )
        self.function, self.live = broker_function.function, broker_function.live
        numbers = sizing.METADATA_QUEUE
        lambda_.CfnEventSourceMapping(
            self,
            "QueueMapping",
            function_name=self.live.function_arn,
            event_source_arn=self.queues.queue.queue_arn,
            batch_size=numbers.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=numbers.maximum_concurrency
            ),
        )

    def _table(self, *, retain: bool, key: kms.IKey | None) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=KEY, type=dynamodb.AttributeType.STRING),
            time_to_live_attribute=EXPIRY,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED if key else None,
            encryption_key=key,
            removal_policy=removal_policy(retain=retain),
        )
        reason = "The datasets hold the same, and a backup would keep users who were forgotten."
        cdk.Validations.of(table).acknowledge(cdk.Acknowledgment(id="AwsSolutions-DDB3", reason=reason))
        return table
