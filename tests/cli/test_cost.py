"""`./broker cost`: what it prints, and what it refuses."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from broker.metric_names import Metric
from click.testing import CliRunner, Result

from cli.__main__ import main
from infra.cost.traffic import of_rates
from lifecycle.rates import SAMPLED_OUT, Period, Quotas, rates
from tests.json_numbers import rounded

SECRET_ONLY = 'region = "here"\n[secret]\nusd = 0.40\nunit = "secret"\ndate = 2026-11-27\nsource = "bill"\n'


def cost(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["cost", *arguments], catch_exceptions=False)


def test_the_items_come_by_size_and_the_total_last_and_every_input_says_where_it_is_from() -> None:
    done = cost("--stage", "recommend", "--events-per-second", "2")
    rows = [line.split("  ")[0].strip() for line in done.stdout.splitlines()]

    assert done.exit_code == 0
    assert rows.index("Personalize campaign") < rows.index("Secrets Manager") < rows.index("total, at least")
    assert [line.split() for line in done.stdout.splitlines() if line.startswith(" events per second")] == [
        ["events", "per", "second", "2.00", "option"]
    ]
    assert "Not included: AWS's free tiers" in done.stdout


def test_json_has_the_same_as_text_of_decimals_and_a_sum() -> None:
    found = json.loads(cost("--stage", "recommend", "--json").stdout)
    priced = [Decimal(item["usd_per_month"]) for item in found["items"] if item["usd_per_month"]]

    assert abs(Decimal(found["usd_per_month"]) - sum(priced)) < Decimal("0.0001")
    assert priced == sorted(priced, reverse=True)
    assert rounded(found) == []
    assert found["complete"] is False  # mParticle's price is in a contract
    assert found["inputs"]["events_per_second"] == {"value": "10.000000", "from": "default"}


def test_without_a_price_an_item_says_so_and_the_total_is_at_least(tmp_path: Path) -> None:
    prices = tmp_path / "mine.toml"
    prices.write_text(SECRET_ONLY)
    done = cost("--prices", str(prices), "--stage", "collect")

    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines() if "Kinesis stream" in line] == [
        ["Kinesis", "stream", "730.00", "no", "price", "no", "price"]
    ]
    assert [line.split() for line in done.stdout.splitlines() if "total" in line] == [
        ["total,", "at", "least", "0.40", "0.02"]
    ]


def test_without_events_there_is_the_fixed_cost_and_nothing_per_event() -> None:
    found = json.loads(cost("--stage", "collect", "--events-per-second", "0", "--json").stdout)

    assert found["usd_per_million_events"] is None
    assert {item["name"] for item in found["items"] if Decimal(item["quantity"])} == {
        "Kinesis stream",
        "CloudWatch alarms",
        "CloudWatch composite alarms",
        "CloudWatch metrics",
        "CloudWatch dashboard",
        "Secrets Manager",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prices", "/nowhere.toml"], "/nowhere.toml: No such file or directory: name a file by --prices"),
        (["--prices", "/"], "name a file by --prices"),
        (["--events-per-second", "-1"], "must be 0 or more"),
        (["--events-per-second", "many"], "'many' is not a number"),
        (["--views-share", "1.1"], "at most 1"),
        (["--record-kb", "nan"], "must be 0 or more"),
        (["--local", "--views-share", "0.5"], "--views-share and --local, which counts it: one of both"),
        (["-c", "broker:min_tps=0"], "min_tps"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_two(arguments: list[str], message: str) -> None:
    done = cost(*arguments)

    assert done.exit_code == 2
    assert message in done.stderr.splitlines()[-1]


def test_a_bad_file_of_prices_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    prices = tmp_path / "mine.toml"
    prices.write_text(SECRET_ONLY.replace("0.40", "free"))
    done = cost("--prices", str(prices))

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {prices} is not TOML")
    assert "compare it with examples/prices/us-east-1.toml" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_counts_become_inputs_per_event_and_what_is_not_counted_is_not_known() -> None:
    since = datetime(2026, 11, 27, tzinfo=UTC)
    sums = {
        Metric.RECORDS: 1_200,
        Metric.ACCEPTED: 450,
        SAMPLED_OUT: 150,
        Metric.PUT_EVENTS_CALLS: 450,
        Metric.GET_RECOMMENDATIONS_CALLS: 300,
        Metric.MPARTICLE_BATCHES: 3,
        Metric.PROFILES_UPDATED: 60,
    }
    period = Period(since, since + timedelta(minutes=5), sums, Quotas(), refreshes=True)

    assert of_rates(rates(period)) == {
        "events_per_second": Decimal(2),
        "records_per_event": Decimal(2),
        "reported_per_event": Decimal("0.75"),
        "refreshes_per_event": Decimal("0.5"),
        "writes_per_event": Decimal("0.1"),
    }
    quiet = of_rates(rates(Period(since, since + timedelta(minutes=5), {}, Quotas(), refreshes=False)))
    assert (quiet.pop("events_per_second"), set(quiet.values())) == (Decimal(0), {None})
