"""The sums of the functions' metrics: in all, by reason, and over a part of the last hour."""

import contextlib
import io
import json

from broker.metric_names import Metric
from broker.reasons import SkipReason
from broker.telemetry import Counts, Telemetry

from local_stack.metrics_log import INTERVAL, KEPT, MetricsLog
from tests.broker.lambda_events import lambda_context

NOON = 1_790_000_000


def line(name: str, number: int, at: float) -> str:
    """Return a line as Powertools writes it, at a time in epoch seconds."""
    metrics = [{"Namespace": "PersonalizeBroker", "Metrics": [{"Name": name, "Unit": "Count"}]}]
    return json.dumps({"_aws": {"Timestamp": int(at * 1000), "CloudWatchMetrics": metrics}, name: [number]})


def test_what_the_functions_print_is_added_up_by_outcome_and_by_reason() -> None:
    counts, log = Counts(), MetricsLog()
    counts.add(Metric.SKIPPED, 3, SkipReason.SAMPLED_OUT)
    counts.add(Metric.POSTPONED, 2)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        Telemetry("metrics-log-test").publish(counts, lambda_context("metrics-log-test"))
    for text in [*printed.getvalue().splitlines(), "no JSON", '{"_aws": 1}']:
        log.feed(text)
    assert (log.sum("Skipped"), log.sum("Postponed"), log.by_reason("Skipped")) == (3, 2, {"sampled_out": 3})
    assert log.between(0, 2**40) == {"Skipped": 3, "Skipped.sampled_out": 3, "Postponed": 2}


def test_a_part_of_the_past_has_what_was_counted_in_it() -> None:
    log = MetricsLog()
    for place in range(10):
        log.feed(line("Records", 10**place, NOON + place * INTERVAL))
    assert log.between(NOON + 2 * INTERVAL, NOON + 5 * INTERVAL) == {"Records": 11_100}
    assert log.between(NOON + 10 * INTERVAL, NOON + 99 * INTERVAL) == {}


def test_what_is_over_an_hour_old_is_forgotten_but_for_the_sum() -> None:
    log = MetricsLog()
    log.feed(line("Records", 1, NOON))
    log.feed(line("Records", 2, NOON + KEPT + INTERVAL))
    assert log.between(0, 2**40) == {"Records": 2}
    assert log.sum("Records") == 3
