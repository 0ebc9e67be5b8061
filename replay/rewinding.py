"""One rewind: its plan and progress in S3, and the event source mapping that runs the function ``rewind``.

Lambda takes one mapping per stream and function, and a starting position can't be changed: so the mapping is made for
each rewind, and removed after it. https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from broker.clock import Clock
from broker.rewind_plan import PLAN, PROGRESS, RewindPlan, ShardProgress, progress_from_json

from blueprint.mappings import KinesisMapping

MISSING = {"NoSuchKey", "404"}
GONE = "ResourceNotFoundException"


@dataclass(frozen=True)
class Places:
    """The function's name, the stream's ARN, the bucket of plan and progress, and the one for what is given up."""

    function: str
    stream_arn: str
    control_bucket: str
    on_failure_bucket: str


@dataclass(frozen=True)
class Progress:
    """How many shards are read to their end, and up to which arrival all of them are (epoch seconds)."""

    done: int
    shards: int
    reached: float

    @property
    def is_done(self) -> bool:
        """Whether the rewind is over."""
        return self.done == self.shards


class Rewinding:
    """See the module. ``lambda_client`` and ``s3`` are boto3 clients."""

    def __init__(self, lambda_client: Any, s3: Any, places: Places, clock: Clock) -> None:
        self._lambda = lambda_client
        self._s3 = s3
        self._places = places
        self._clock = clock

    def under_way(self) -> str | None:
        """Return the id of the mapping of a rewind that is under way, or was interrupted. Raises ClientError."""
        source = {"EventSourceArn": self._places.stream_arn, "FunctionName": self._places.function}
        mappings = self._lambda.list_event_source_mappings(**source)["EventSourceMappings"]
        return next((str(mapping["UUID"]) for mapping in mappings), None)

    def start(self, plan: RewindPlan, numbers: KinesisMapping) -> str:
        """Keep the plan, and create the mapping; return its id. Raises ClientError."""
        self._s3.put_object(
            Bucket=self._places.control_bucket, Key=PLAN, Body=plan.as_json(), ContentType="application/json"
        )
        request = mapping_request(self._places, numbers, plan.since_ms)
        return str(self._lambda.create_event_source_mapping(**request)["UUID"])

    def stop(self, mapping: str) -> None:
        """Remove the mapping; one that is gone already is fine. Raises ClientError."""
        try:
            self._lambda.delete_event_source_mapping(UUID=mapping)
        except ClientError as error:
            if error.response["Error"]["Code"] != GONE:
                raise

    def problem(self, mapping: str) -> str:
        """Return what Lambda says of the mapping where it has a problem, else nothing. Raises ClientError."""
        said = str(self._lambda.get_event_source_mapping(UUID=mapping).get("LastProcessingResult", ""))
        return said if said.startswith("PROBLEM") else ""

    def progress(self, plan: RewindPlan) -> Progress:
        """Return how far a rewind is. Raises ClientError."""
        done, reached = 0, plan.until_ms
        for shard, end in plan.ends.items():
            found = self._progress_of(plan, shard)
            if found and int(found.sequence_number) >= int(end):
                done += 1
            else:
                reached = min(reached, found.arrived_ms if found else plan.since_ms)
        return Progress(done, len(plan.ends), reached / 1000)

    def wait(self, plan: RewindPlan, show: Callable[[Progress], None], every: float) -> None:
        """Wait until each shard is read to its end. Raises ClientError."""
        while not (progress := self.progress(plan)).is_done:
            show(progress)
            self._clock.sleep(every)
        show(progress)

    def _progress_of(self, plan: RewindPlan, shard: str) -> ShardProgress | None:
        """Return how far a shard is; None where nothing of this rewind is known yet."""
        try:
            stored = self._s3.get_object(Bucket=self._places.control_bucket, Key=f"{PROGRESS}{shard}.json")
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return None
            raise
        found = progress_from_json(stored["Body"].read())
        return found if found.id == plan.id else None


def mapping_request(places: Places, numbers: KinesisMapping, since_ms: int) -> Mapping[str, Any]:
    """Return the arguments of CreateEventSourceMapping."""
    partition = places.stream_arn.split(":")[1]
    return {
        "FunctionName": places.function,
        "EventSourceArn": places.stream_arn,
        "StartingPosition": "AT_TIMESTAMP",
        "StartingPositionTimestamp": datetime.fromtimestamp(since_ms / 1000, UTC),
        "BatchSize": numbers.batch_size,
        "MaximumBatchingWindowInSeconds": numbers.maximum_batching_window,
        "ParallelizationFactor": numbers.parallelization_factor,
        "BisectBatchOnFunctionError": numbers.bisect_batch_on_function_error,
        "MaximumRetryAttempts": numbers.maximum_retry_attempts,
        "MaximumRecordAgeInSeconds": numbers.maximum_record_age,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if numbers.report_batch_item_failures else [],
        "DestinationConfig": {"OnFailure": {"Destination": f"arn:{partition}:s3:::{places.on_failure_bucket}"}},
    }
