"""What the template says is what the local stack runs with; where they differ is named here or in tests/blueprint."""

from types import SimpleNamespace
from typing import Any

import pytest

from blueprint import sizing
from cli.serve import local_metadata
from local_stack.settings import LocalStackSettings
from local_stack.stack import Stack
from tests.infra.conftest import Synthesise
from tests.infra.test_metadata import ON as WITH_METADATA
from tests.infra.test_metadata import settings_with

OF_RESOURCES = {"TRACKING_ID", "CAMPAIGN_ARN", "QUARANTINE_BUCKET", "STATE_TABLE"} | {
    "REFRESH_QUEUE_URL",
    "PURCHASE_QUEUE_URL",
    "MPARTICLE_SECRET_ARN",
    "CONTROL_BUCKET",
    "SUPPRESSION_KEY_ARN",
    "METADATA_TABLE",
    "METADATA_QUEUE_URL",
    "USERS_DATASET_ARN",
    "ITEMS_DATASET_ARN",
}
# cdk.json spells the default event types out, the filter of these tests is not the local stack's, and that has no
# versions of functions.
STACK_ONLY = {"EVENT_TYPES", "FILTER_ARN", "COUNT_BY_VERSION"}
# The local stack has what is off by default, too: it costs nothing there.
EVERYTHING = {"broker:suppression_list": True, "broker:rewind": True} | WITH_METADATA
# The local mParticle and the other local services are reached at their addresses.
LOCAL_ONLY = {
    "MPARTICLE_URL",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS",
    "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME",
}


class Unstarted(Stack):
    """A local stack that is asked only what it would give its functions; its services are never started."""

    def __init__(self) -> None:
        super().__init__(LocalStackSettings(metadata=local_metadata(settings_with())))
        service: Any = SimpleNamespace(url="http://127.0.0.1:1")
        self.aws = self.personalize = self.mparticle = service
        names = (
            *("quarantine_bucket", "state_table", "secret_arn", "control_bucket", "suppression_key_arn"),
            *("metadata_table", "metadata_queue_url"),
        )
        self.dataset_arns = {"users": "arn", "items": "arn"}
        resources: Any = SimpleNamespace(**{name: name for name in names})
        self.resources = resources
        tracker: Any = SimpleNamespace(tracking_id="t")
        self.tracker = tracker

    def variables(self, function: str) -> dict[str, str]:
        if function == "IngestFunction":
            return self._ingest_environment("http://127.0.0.1:1/q", "http://127.0.0.1:1/p")
        if function == "Rewind":
            return self._rewind_environment()
        if function == "PutMetadata":
            return self._put_metadata_environment()
        return self._refresh_environment("arn")


@pytest.mark.parametrize("function", ["IngestFunction", "Refresh", "Rewind", "PutMetadata"])
def test_the_twins_functions_have_the_stacks_variables(made: Synthesise, function: str) -> None:
    stack, local = made("recommend", EVERYTHING).variables(function), Unstarted().variables(function)

    assert stack.keys() - local.keys() <= STACK_ONLY
    assert local.keys() - stack.keys() <= LOCAL_ONLY
    assert (stack.get("PARALLELIZATION_FACTOR"), local.get("PARALLELIZATION_FACTOR")) in (
        ("2", "1"),
        ("1", "1"),
        (None, None),
    )
    both = (stack.keys() & local.keys()) - OF_RESOURCES - {"PARALLELIZATION_FACTOR"}
    assert {name: local[name] for name in both} == {name: stack[name] for name in both}
    assert len(both) >= 4


def test_the_template_reads_the_stream_as_the_twin_does_but_with_two_readers_a_shard(made: Synthesise) -> None:
    mapping = made("recommend").properties("Lambda::EventSourceMapping", "Stream")
    local = LocalStackSettings().stream

    assert mapping["BatchSize"] == local.batch_size
    assert mapping["MaximumBatchingWindowInSeconds"] == local.maximum_batching_window
    assert mapping["BisectBatchOnFunctionError"] == local.bisect_batch_on_function_error
    assert mapping["MaximumRetryAttempts"] == local.maximum_retry_attempts
    assert mapping["MaximumRecordAgeInSeconds"] == local.maximum_record_age
    assert (mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]) == local.report_batch_item_failures
    assert (mapping["ParallelizationFactor"], local.parallelization_factor) == (2, 1)


@pytest.mark.parametrize("name", ["Queue", "Purchase"])
def test_the_template_reads_a_queue_as_the_twin_does_but_more_patiently(made: Synthesise, name: str) -> None:
    recommend = made("recommend")
    mapping = recommend.properties("Lambda::EventSourceMapping", name)
    queue = recommend.template["Resources"][mapping["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
    local = LocalStackSettings()

    assert mapping["BatchSize"] == local.queue.batch_size
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == local.queue.maximum_concurrency
    assert queue["VisibilityTimeout"] == local.queue.visibility_timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == local.max_receives
    assert (mapping["MaximumBatchingWindowInSeconds"], local.queue.maximum_batching_window) == (5, 1)
    assert (queue["DelaySeconds"], local.queue_delay) == (5, 3)


@pytest.mark.parametrize("function", ["ingest", "refresh"])
def test_the_functions_have_the_same_time_and_memory(made: Synthesise, function: str) -> None:
    properties = made("recommend").properties("Lambda::Function", function.title())
    size = sizing.FUNCTIONS[function]

    assert (properties["Timeout"], properties["MemorySize"]) == (size.timeout, size.memory)
