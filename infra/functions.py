"""The two Lambda functions, the refresh queue between them, and exactly what each function may do."""

from collections.abc import Mapping, Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from blueprint import sizing
from blueprint.environments import Options, ingest_environment, refresh_environment
from blueprint.sizing import FunctionSize
from infra import permissions
from infra.bundling import Program
from infra.permissions import Permission


class BrokerFunction(Construct):
    """One function with a role, a log group and traces; its role may what ``may`` says, log and trace.

    CDK's own grants are wider than what is needed (an on-failure bucket's includes reading and deleting), so they are
    not used, and the role takes none.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        handler: str,
        size: FunctionSize,
        program: Program,
        environment: Mapping[str, str],
        may: Sequence[Permission],
    ) -> None:
        super().__init__(scope, id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.role = self._role([*permissions.log_and_trace(log_group), *may])
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Personalize Broker: {handler}",
            runtime=program.runtime,
            architecture=lambda_.Architecture.ARM_64,
            code=program.code,
            handler=handler,
            timeout=cdk.Duration.seconds(size.timeout),
            memory_size=size.memory,
            environment=dict(environment),
            role=self.role.without_policy_updates(),
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
        )
        # CDK also lets the function wait for the role, which its ARN says already (cfn-lint W3005).
        cast(cdk.CfnResource, self.function.node.default_child).add_deletion_override("DependsOn")
        self._acknowledge()

    def _role(self, may: Sequence[Permission]) -> iam.Role:
        statements = [permission.statement() for permission in may]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"broker": iam.PolicyDocument(statements=statements, minimize=False)},
        )
        for permission in may:
            permission.acknowledge(role)
        return role

    def _acknowledge(self) -> None:
        reason = "The runtime is a setting; 3.13 is the one whose zip the tests start in the real runtime client."
        cdk.Validations.of(self.function).acknowledge(cdk.Acknowledgment(id="AwsSolutions-L1", reason=reason))


class Ingest(Construct):
    """Stream → ``ingest`` → Personalize; with a queue also which users to refresh."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        stream: kinesis.IStream,
        tracking_id: str,
        quarantine: s3.IBucket,
        on_failure: s3.IBucket,
        queue: sqs.IQueue | None,
        options: Options,
        program: Program,
    ) -> None:
        super().__init__(scope, id)
        made = BrokerFunction(
            self,
            "Ingest",
            handler="broker.ingest.handler",
            size=sizing.INGEST,
            program=program,
            environment=ingest_environment(
                options,
                tracking_id=tracking_id,
                quarantine_bucket=quarantine.bucket_name,
                refresh_queue_url=queue.queue_url if queue else None,
            ),
            may=permissions.ingest(stream, quarantine, on_failure, queue),
        )
        self.function = made.function
        self.mapping = _stream_mapping(self, self.function, stream, on_failure)


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
    """Queue → ``refresh`` → the customers' profiles at mParticle."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        queue: sqs.IQueue,
        campaign_arn: str,
        filter_arn: str | None,
        secret_arn: str,
        quarantine: s3.IBucket,
        options: Options,
        program: Program,
    ) -> None:
        super().__init__(scope, id)
        made = BrokerFunction(
            self,
            "Refresh",
            handler="broker.refresh.handler",
            size=sizing.REFRESH,
            program=program,
            environment=refresh_environment(
                options,
                campaign_arn=campaign_arn,
                filter_arn=filter_arn,
                mparticle_secret_arn=secret_arn,
                quarantine_bucket=quarantine.bucket_name,
            ),
            may=permissions.refresh(queue, campaign_arn, filter_arn, secret_arn, quarantine),
        )
        self.function = made.function
        self.mapping = _queue_mapping(self, self.function, queue)


def _stream_mapping(
    scope: Construct, function: lambda_.IFunction, stream: kinesis.IStream, on_failure: s3.IBucket
) -> lambda_.CfnEventSourceMapping:
    numbers = sizing.STREAM
    destination = lambda_.CfnEventSourceMapping.OnFailureProperty(destination=on_failure.bucket_arn)
    mapping = lambda_.CfnEventSourceMapping(
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
    # A mapping under a new name starts at TRIM_HORIZON again, and all that the stream holds comes a second time.
    mapping.override_logical_id("IngestStreamMapping")
    return mapping


def _queue_mapping(scope: Construct, function: lambda_.IFunction, queue: sqs.IQueue) -> lambda_.CfnEventSourceMapping:
    numbers = sizing.QUEUE
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
