"""Rates against quotas: what they are over a period, what is not known, and what CloudWatch is asked."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from broker.metric_names import Metric

from lifecycle.rates import Period, Quotas, Rates, Use, from_aws, from_local, rates

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
OUTPUTS = {"IngestFunction": "broker-ingest", "RefreshFunction": "broker-refresh"}
FIVE_MINUTES = 300


def over(sums: Mapping[str, float], *, refreshes: bool = True) -> Rates:
    """Return the rates of sums over five minutes."""
    until = NOON + timedelta(seconds=FIVE_MINUTES)
    return rates(Period(NOON, until, sums, Quotas(1000, 500, 270), refreshes))


BUSY = {
    "Records": 30_000,
    "Accepted": 24_000,
    "Skipped": 9_000,
    "Skipped.sampled_out": 6_000,
    "PutEventsCalls": 18_000,
    "PutEventsThrottled": 180,
    "ProfilesUpdated": 3_000,
    "Postponed": 1_500,
    "OverDailyCap": 300,
    "GetRecommendationsCalls": 7_500,
    "MParticleBatches": 4_050,
    "MParticleBatchesThrottled": 405,
}


def test_each_rate_stands_beside_its_quota() -> None:
    found = over(BUSY)
    assert found.put_events == Use(60.0, 1000, 0.06, 0.01)
    assert found.get_recommendations == Use(25.0, 500, 0.05, 0.0)
    assert found.mparticle_batches == Use(13.5, 270, 0.05, 0.1)
    assert (found.records, found.interactions, found.reported, found.outside_sample) == (100, 100, 80, 20)
    assert found.put_events_per_interaction == 0.75
    assert (found.profiles_written, found.postponed, found.over_daily_cap) == (10, 5, 1)
    assert (found.since, found.until) == ("2026-11-27T12:00:00+00:00", "2026-11-27T12:05:00+00:00")


def test_a_quiet_period_uses_nothing_and_throttles_nothing_that_is_known() -> None:
    found = over({})
    assert found.put_events == Use(0.0, 1000, 0.0, None)
    assert (found.interactions, found.put_events_per_interaction) == (0, None)


def test_without_refresh_its_rates_are_not_known() -> None:
    found = over({"Accepted": 10, "PutEventsCalls": 10}, refreshes=False)
    assert found.get_recommendations == Use(None, 500, None, None)
    assert (found.postponed, found.over_daily_cap, found.profiles_written) == (None, None, None)


def test_a_version_that_does_not_count_its_calls_is_not_taken_for_one_that_makes_none() -> None:
    found = over({"Accepted": 300, "ProfilesUpdated": 300, "Postponed": 3})
    assert (found.put_events.per_second, found.get_recommendations.per_second) == (None, None)
    assert (found.mparticle_batches.used, found.put_events_per_interaction) == (None, None)
    assert (found.reported, found.postponed) == (1, 0.01)


@contextmanager
def account(values: Mapping[str, list[float]], variables: Mapping[str, Mapping[str, str]]) -> Iterator[Any]:
    """Give clients of AWS that check each request, and answer with so many values per metric."""
    clients = {
        name: boto3.client(name, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
        for name in ("cloudwatch", "lambda")
    }
    with ExitStack() as stubs:
        cloudwatch, functions = (stubs.enter_context(Stubber(clients[name])) for name in ("cloudwatch", "lambda"))
        asked: list[dict[str, Any]] = []
        clients["cloudwatch"].meta.events.register(
            "provide-client-params.cloudwatch.GetMetricData", lambda params, **_: asked.append(params)
        )
        # Two pages: the first has one value of each metric, the second the others.
        names = list(values)
        for part, token in ((slice(0, 1), "more"), (slice(1, None), None)):
            results = [{"Id": f"m{names.index(name)}", "Values": values[name][part]} for name in names]
            answer = {"MetricDataResults": results} | ({"NextToken": token} if token else {})
            expected = {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY}
            cloudwatch.add_response("get_metric_data", answer, expected | ({} if token else {"NextToken": "more"}))
        for function, own in variables.items():
            answer = {"Environment": {"Variables": own}}
            functions.add_response("get_function_configuration", answer, {"FunctionName": function})
        yield clients.__getitem__, asked


ORDER = (
    *("Records", "Accepted", "PutEventsCalls", "PutEventsThrottled", "Skipped.sampled_out", "Messages"),
    *("ProfilesUpdated", "Postponed", "OverDailyCap", "GetRecommendationsCalls", "GetRecommendationsThrottled"),
    *("MParticleBatches", "MParticleBatchesThrottled"),
)


def test_cloudwatch_is_asked_for_whole_minutes_that_it_has_and_all_pages_count() -> None:
    values = {name: [float(place), 10.0, 100.0] for place, name in enumerate(ORDER)}
    variables = {
        "broker-ingest": {"PUT_EVENTS_PER_SECOND": "2500"},
        "broker-refresh": {"GET_RECOMMENDATIONS_PER_SECOND": "700"},
    }
    with account(values, variables) as (client, asked):
        found = from_aws(client, OUTPUTS, 3, NOON + timedelta(seconds=42))
    assert found is not None
    assert (found.since, found.until) == (NOON - timedelta(minutes=4), NOON - timedelta(minutes=1))
    assert found.sums == {name: place + 110 for place, name in enumerate(ORDER)}
    assert found.quotas == Quotas(2500, 700, 270), "one that is not set has the function's default"
    assert found.refreshes
    queries = [query["MetricStat"] for query in asked[0]["MetricDataQueries"]]
    assert {(query["Period"], query["Stat"], query["Metric"]["Namespace"]) for query in queries} == {
        (60, "Sum", "PersonalizeBroker")
    }
    named = [(query["Metric"]["MetricName"], query["Metric"]["Dimensions"]) for query in queries]
    service = {"Name": "service", "Value": "broker-ingest"}
    assert ("PutEventsCalls", [service]) in named
    assert ("SkippedByReason", [service, {"Name": "reason", "Value": "sampled_out"}]) in named
    assert ("Postponed", [{"Name": "service", "Value": "broker-refresh"}]) in named


def test_a_stack_that_only_collects_is_asked_for_ingest_alone() -> None:
    values = {name: [1.0, 1.0] for name in ORDER[:5]}
    with account(values, {"broker-ingest": {}}) as (client, asked):
        found = from_aws(client, {"IngestFunction": "broker-ingest"}, 5, NOON)
    assert found is not None
    assert not found.refreshes
    assert len(asked[0]["MetricDataQueries"]) == 5


def test_where_nothing_is_deployed_nothing_is_asked() -> None:
    def no_client(service: str) -> Any:
        pytest.fail(f"{service} was asked")

    assert from_aws(no_client, {}, 5, NOON) is None


def test_the_local_page_means_the_same() -> None:
    answer = {
        "since": 1_790_000_000,
        "until": 1_790_000_300,
        "sums": {str(Metric.ACCEPTED): 600},
        "variables": {"MPARTICLE_BATCHES_PER_SECOND": "99"},
        "refreshes": True,
    }
    found = rates(from_local(answer))
    assert (found.reported, found.mparticle_batches.quota, found.put_events.quota) == (2, 99, 1000)
