"""Stack and local stack agree: each is asked for what it deploys, and the differences are those named here."""

from dataclasses import asdict
from typing import Any

import pytest
from broker import refresh as refresh_module
from broker.queue_calls import MAX_VISIBILITY
from broker.settings import ingest_settings, refresh_settings

from blueprint import sizing
from blueprint.environments import FunctionConfig, ingest_environment, refresh_environment
from local_stack.settings import LocalStackSettings

LOCAL = LocalStackSettings()
# In the local stack's favour, so that a loop takes seconds; and one reader a shard is all that its poller has.
FASTER = {"parallelization_factor": 1, "maximum_batching_window": 1, "queue_delay": 3}


def differences(stack: Any, local: Any) -> dict[str, Any]:
    """Return the local stack's values where they are not the stack's."""
    ours = asdict(local)
    return {name: ours[name] for name, value in asdict(stack).items() if ours[name] != value}


def test_the_twins_stream_mapping_is_the_stacks_with_one_reader_a_shard() -> None:
    assert differences(sizing.STREAM, LOCAL.stream) == {"parallelization_factor": FASTER["parallelization_factor"]}


def test_the_twins_queue_mapping_is_the_stacks_with_a_shorter_window() -> None:
    assert differences(sizing.QUEUE, LOCAL.queue) == {"maximum_batching_window": FASTER["maximum_batching_window"]}


def test_the_twins_queue_is_the_stacks_with_a_shorter_delay() -> None:
    assert LOCAL.queue_delay == FASTER["queue_delay"] < sizing.QUEUE_DELAY
    assert LOCAL.max_receives == sizing.MAX_RECEIVES


def test_records_are_given_up_a_day_before_the_stream_forgets_them() -> None:
    assert sizing.STREAM.maximum_record_age == sizing.STREAM_RETENTION - sizing.DAY
    assert sizing.STREAM.maximum_retry_attempts == -1


def test_the_queues_visibility_is_six_times_the_functions_timeout() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html."""
    assert sizing.QUEUE.visibility_timeout >= 6 * sizing.REFRESH.timeout
    assert sizing.QUEUE.function_timeout == sizing.REFRESH.timeout


@pytest.mark.parametrize("killed", [False, True], ids=["mParticle is down", "the function is killed every time"])
def test_a_message_survives_twelve_hours_before_it_is_a_dead_letter(killed: bool) -> None:
    waited = 0.0
    for receive in range(1, sizing.MAX_RECEIVES + 1):
        growing = min(refresh_module.FIRST_PAUSE * refresh_module.GROWTH ** (receive - 1), MAX_VISIBILITY)
        waited += sizing.QUEUE.visibility_timeout if killed else growing / 2  # chance takes off up to a half

    assert waited >= sizing.OUTAGE == 12 * 3600
    assert waited < sizing.QUEUE_RETENTION


def test_every_variable_is_one_that_the_functions_read_and_means_what_was_set() -> None:
    options = FunctionConfig(
        environment="development",
        event_types="view_detail:View,purchase",
        event_value=False,
        refresh_actions="purchase",
        view_sample="0.25",
        consent_purpose="marketing",
        consent_unknown="send",
        honour_ccpa=False,
        num_results=7,
        write_back_event=False,
        concurrency=3,
        mparticle_pod="eu1",
        probe_mpid=-7346244611012968789,
    )
    ingest = ingest_settings(
        ingest_environment(
            options,
            **INGEST,
            refresh_queue_url="https://queue.example/1/q",
            purchase_queue_url="https://queue.example/1/p",
        )
    )
    refresh = refresh_settings(refresh_environment(options, **REFRESH))

    assert ingest.rules.event_types == {"view_detail": "View", "purchase": "purchase"}
    assert (ingest.rules.environment, ingest.rules.event_value) == ("development", False)
    assert (ingest.rules.consent_purpose, ingest.rules.consent_unknown) == ("marketing", "send")
    assert not ingest.rules.honour_ccpa
    assert (ingest.refresh_actions, ingest.concurrency) == (frozenset({"purchase"}), 3)
    assert ingest.refresh_queue_url == "https://queue.example/1/q"
    assert ingest.purchase_queue_url == "https://queue.example/1/p"
    assert ingest.view_sample == 0.25
    assert (refresh.num_results, refresh.environment, refresh.concurrency) == (7, "development", 3)
    assert refresh.probe_mpid == -7346244611012968789
    assert (refresh.write_back_event, refresh.mparticle_url) == (False, "https://s2s.eu1.mparticle.com")


def test_options_as_they_come_are_the_functions_own_defaults() -> None:
    bare_ingest = {"TRACKING_ID": INGEST["tracking_id"], "QUARANTINE_BUCKET": INGEST["quarantine_bucket"]}
    bare_refresh = {
        "CAMPAIGN_ARN": REFRESH["campaign_arn"],
        "MPARTICLE_SECRET_ARN": REFRESH["mparticle_secret_arn"],
        "QUARANTINE_BUCKET": REFRESH["quarantine_bucket"],
        "STATE_TABLE": REFRESH["state_table"],
    }

    assert ingest_settings(ingest_environment(FunctionConfig(), **INGEST)) == ingest_settings(bare_ingest)
    assert refresh_settings(refresh_environment(FunctionConfig(), **REFRESH)) == refresh_settings(bare_refresh)


INGEST = {"tracking_id": "tracker", "quarantine_bucket": "quarantine"}
REFRESH = {
    "campaign_arn": "arn:aws:personalize:us-east-1:123456789012:campaign/shop",
    "mparticle_secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop",
    "quarantine_bucket": "quarantine",
    "state_table": "state",
}


def test_the_queue_of_users_and_items_is_the_stacks_with_a_shorter_delay() -> None:
    assert LOCAL.metadata_delay == 1 < sizing.METADATA_DELAY
    assert sizing.METADATA_QUEUE.visibility_timeout >= 6 * sizing.PUT_METADATA.timeout
    assert sizing.METADATA_QUEUE.batch_size == 10, "of a FIFO queue, Lambda takes no more"
