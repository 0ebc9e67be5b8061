"""Both mappings refuse what AWS refuses."""

from typing import Any

import pytest

from blueprint.mappings import BadMapping, KinesisMapping, QueueMapping


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 0},
        {"batch_size": 10_001},
        {"maximum_batching_window": 301},
        {"parallelization_factor": 11},
        {"maximum_retry_attempts": -2},
        {"maximum_record_age": 59},
        {"maximum_record_age": 604_801},
    ],
)
def test_a_kinesis_mapping_outside_awss_limits_is_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(BadMapping, match=next(iter(settings))):
        KinesisMapping(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 10_001, "maximum_batching_window": 1},
        {"maximum_concurrency": 1},
        {"visibility_timeout": 29, "function_timeout": 30},
    ],
)
def test_a_queue_mapping_outside_awss_limits_is_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(BadMapping, match=next(iter(settings))):
        QueueMapping(**settings)


def test_a_queue_batch_above_ten_needs_a_window() -> None:
    with pytest.raises(BadMapping, match="maximum_batching_window"):
        QueueMapping(batch_size=11)
    assert QueueMapping(batch_size=11, maximum_batching_window=1).batch_size == 11


def test_the_limits_themselves_are_allowed() -> None:
    KinesisMapping(batch_size=10_000, maximum_batching_window=300, maximum_record_age=60, maximum_retry_attempts=10_000)
    QueueMapping(batch_size=10_000, maximum_batching_window=300, maximum_concurrency=2, visibility_timeout=43_200)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(BadMapping, match=r"batch_size.*maximum_batching_window"):
        KinesisMapping(batch_size=0, maximum_batching_window=-1)
