"""``ingest`` and how it reads the stream."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from blueprint.environments import FunctionConfig, ingest_environment
from blueprint.mappings import KinesisMapping
from infra import permissions
from infra.functions import BrokerFunction, LambdaCode
from infra.metadata import Metadata
from infra.refresh import RefreshQueues
from infra.storage import Buckets
from infra.suppression import Suppression

MAPPING = "IngestStreamMapping"


class Ingest(Construct):
    """Stream → ``ingest`` → Personalize; with queues also which users to refresh.

    ``mapping_id``: the mapping's logical id, which an update must find again.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stream: kinesis.IStream,
        tracking_id: str,
        buckets: Buckets,
        queues: RefreshQueues | None,
        correlation_keys: dynamodb.ITable | None,
        impressions: dynamodb.ITable | None = None,
        metadata: Metadata | None = None,
        options: FunctionConfig,
        lambda_code: LambdaCode,
        retain: bool,
        key: kms.IKey | None = None,
        suppression: Suppression | None = None,
        reserved_concurrency: int | None = None,
        mapping_id: str = MAPPING,
    ) -> None:
        super().__init__(scope, id)
        broker_function = BrokerFunction(
            self,
            "Ingest",
            handler="broker.ingest.handler",
            size=options.capacity.ingest,
            lambda_code=lambda_code,
            environment=ingest_environment(
                options,
                tracking_id=tracking_id,
                quarantine_bucket=buckets.quarantine.bucket_name,
                refresh_queue_url=queues.queue.queue_url if queues else None,
                purchase_queue_url=queues.purchases.queue_url if queues else None,
                suppression=suppression.settings if suppression else None,
                correlation_table=correlation_keys.table_name if correlation_keys else None,
                impressions_table=impressions.table_name if impressions else None,
                metadata_table=metadata.table.table_name if metadata else None,
                metadata_queue_url=metadata.queues.queue.queue_url if metadata else None,
            ),
            permissions=[
                *permissions.ingest(
                    stream,
                    buckets.quarantine,
                    buckets.on_failure,
                    (queues.queue, queues.purchases) if queues else (),
                    key,
                ),
                *(suppression.permissions if suppression else ()),
                *permissions.make_keys(correlation_keys),
                *permissions.keep_impressions(impressions, key),
                *(permissions.collect_metadata(metadata.table, metadata.queues.queue, key) if metadata else ()),
            ],
            retain=retain,
            log_key=key,
            reserved_concurrency=reserved_concurrency,
        )
        self.function, self.live = broker_function.function, broker_function.live
        self.log_group = broker_function.log_group
        self.keeps_impressions = impressions is not None
        self.mapping = _stream_mapping(self, self.live, stream, buckets.on_failure, options.capacity.stream)
        # A mapping under a new name starts at TRIM_HORIZON again, and all that the stream holds comes a second time.
        self.mapping.override_logical_id(mapping_id)


def _stream_mapping(
    scope: Construct,
    function: lambda_.IAlias,
    stream: kinesis.IStream,
    on_failure: s3.IBucket,
    numbers: KinesisMapping,
) -> lambda_.CfnEventSourceMapping:
    destination = lambda_.CfnEventSourceMapping.OnFailureProperty(destination=on_failure.bucket_arn)
    return lambda_.CfnEventSourceMapping(
        scope,
        "StreamMapping",
        function_name=function.function_arn,
        event_source_arn=stream.stream_arn,
        starting_position="TRIM_HORIZON",
        batch_size=numbers.batch_size,
        maximum_batching_window_in_seconds=numbers.maximum_batching_window,
        parallelization_factor=numbers.parallelization_factor,
        bisect_batch_on_function_error=numbers.bisect_batch_on_function_error,
        maximum_retry_attempts=numbers.maximum_retry_attempts,
        maximum_record_age_in_seconds=numbers.maximum_record_age,
        function_response_types=["ReportBatchItemFailures"] if numbers.report_batch_item_failures else None,
        destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(on_failure=destination),
        # Counts what goes to the on-failure bucket, within minutes; the bucket's own metric comes once a day.
        metrics_config=lambda_.CfnEventSourceMapping.MetricsConfigProperty(metrics=["EventCount"]),
    )
