"""``rewind``: the function that reads the stream again, for which ``./broker rewind`` makes an event source mapping."""

from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from constructs import Construct

from blueprint.environments import FunctionConfig, rewind_environment
from infra import permissions
from infra.functions import BrokerFunction, LambdaCode
from infra.storage import Buckets
from infra.suppression import Suppression


class Rewind(Construct):
    """Stream → ``rewind`` → Personalize, while the command has a mapping for it. It knows no queue.

    The mapping is not part of the stack: its starting position is a time, and can't be changed afterwards
    (https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html).
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
        super().__init__(scope, id)
        self.function = BrokerFunction(
            self,
            "Rewind",
            handler="broker.rewind.handler",
            size=options.capacity.ingest,
            lambda_code=lambda_code,
            environment=rewind_environment(
                options,
                tracking_id=tracking_id,
                quarantine_bucket=buckets.quarantine.bucket_name,
                suppression=suppression.settings,
            ),
            permissions=[
                *permissions.ingest(stream, buckets.quarantine, buckets.on_failure, (), key),
                *suppression.permissions,
                *permissions.rewind(suppression.bucket),
            ],
            retain=retain,
            log_key=key,
        ).function
