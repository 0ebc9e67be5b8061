"""The bill: its arithmetic by hand, how it grows, the file of prices, and what it says of the stack."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from broker.reasons import SkipReason
from broker.telemetry import OF_A_VERSION
from hypothesis import given
from hypothesis import strategies as st

from bench import cost_page
from infra.cost import processor_time
from infra.cost.bill import ALARM_METRICS, COMPOSITE_ALARMS, METRICS, ROLLBACK_METRICS, VERSION_METRICS, Bill, bill
from infra.cost.prices import EXAMPLE, UNITS, Prices, PricesError, read_prices
from infra.cost.traffic import Shop, Traffic, traffic
from infra.deploy_checks import main
from infra.paths import ROOT
from infra.settings import Settings, Stage, read_settings
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON, NO_BUNDLE
from tests.infra.test_monitoring import alarms, counted, metrics_of

PRICES = read_prices(EXAMPLE)
KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ONE_PER_SECOND = Traffic(
    events_per_second=Decimal(1),
    reported_per_event=Decimal(1),
    refreshes_per_event=Decimal("0.5"),
    records_per_event=Decimal(1),
    record_kb=Decimal(1_024),
    processor_ms=Decimal(2),
)


def settings(stage: Stage = Stage.RECOMMEND, **values: Any) -> Settings:
    own = {f"broker:{key}": value for key, value in values.items()}
    return read_settings(CDK_JSON["context"] | own, stage, ROOT)


def usd(result: Bill) -> dict[str, Decimal | None]:
    return {item.name: item.usd for item in result.items}


def test_a_shop_of_an_event_per_second_costs_what_it_costs_by_hand() -> None:
    """2,628,000 events of a MB, 1,314,000 refreshes; 8 readers with a window of 1 s, 2 queues with one of 5 s.

    ``ingest``: 8 · 2,628,000 · (1 - e^-0.125) = 2,470,385.12 invocations; ``refresh``: 2 · 525,600 · (1 - e^-1.25) =
    750,026.16. Lambda's time: 5,256 s · 1769/1024 and 3,220,411.28 · 0.2 s · 0.5 GB = 331,121.07 GB-seconds.
    """
    result = bill(ONE_PER_SECOND, settings(), PRICES)
    by_hand = {
        "Personalize campaign": "394.20",  # 2,628 thousand requests, the minimum, at 0.15
        "Kinesis put": "205.3125",  # 2,566.40625 GB at 0.08
        "Kinesis read": "102.65625",
        "Kinesis stream": "29.20",
        "Personalize training": "22.8386",  # 4.345238 trainings, 2,628 thousand events, 0.002
        "CloudWatch metrics": "19.20",  # 57 metrics, and 7 by version
        "Kinesis retention": "16.875",  # 168.75 GB-months at 0.10
        "CloudWatch alarms": "6.30",  # 46 metrics, and 17 of the alarms that stop a deployment
        "Lambda time": "4.4150",  # 0.331121 million at 13.3334
        "DynamoDB writes": "3.2850",  # 5.256 million units at 0.625
        "CloudWatch dashboard": "3.00",
        "CloudWatch logs": "1.5356",  # 3.071224 GB at 0.50
        "CloudWatch composite alarms": "1.50",
        "SQS requests": "0.68328",  # 0.3942 million messages and 1.314 million polls at 0.40
        "Lambda requests": "0.6441",
        "Secrets Manager": "0.40",
        "DynamoDB reads": "0.082125",
        "Personalize events": "0.03942",  # 0.7884 GB at 0.05
    }

    assert [name for name, cost in usd(result).items() if cost is not None] == list(by_hand)  # the largest first
    for name, cost in usd(result).items():
        assert cost is None or abs(cost - Decimal(by_hand[name])) < Decimal("0.0001"), name
    assert abs(result.total - Decimal("812.1668")) < Decimal("0.001")
    assert abs(result.per_million(result.total) - Decimal("309.0436")) < Decimal("0.001")


def test_a_provisioned_stream_costs_by_shards_and_units_of_25_kb() -> None:
    result = bill(replace(ONE_PER_SECOND, record_kb=Decimal(26)), settings(stream_mode="provisioned", shards=2), PRICES)
    kinesis = {name: cost for name, cost in usd(result).items() if name.startswith("Kinesis")}

    # 1,460 shard hours at 0.015 and at 0.020; 5.256 million units at 0.014
    assert kinesis == {
        "Kinesis shards": Decimal("21.90"),
        "Kinesis retention": Decimal("29.20"),
        "Kinesis put": Decimal("0.073584"),
    }


def test_other_recipes_cost_by_tps_hours_and_training_hours() -> None:
    of_v1 = replace(ONE_PER_SECOND, refreshes_per_event=Decimal(3), training_hours=Decimal(2))
    result = usd(bill(of_v1, settings(recipe="aws-user-personalization", min_tps=2), PRICES))

    assert result["Personalize campaign"] == Decimal(3 * 730) * Decimal("0.20")  # three a second, above the minimum
    assert abs(result["Personalize training"] - Decimal("2.0857")) < Decimal("0.0001")  # 4.345238 · 2 · 0.24


@given(
    rate=st.decimals("0.001", 20_000, places=3),
    refreshes=st.decimals(0, 1, places=2),
    stage=st.sampled_from(Stage),
    window=st.integers(0, 60),
    factor=st.integers(1, 10),
)
def test_twice_the_events_cost_more_and_each_item_at_most_twice_as_much(
    rate: Decimal, refreshes: Decimal, stage: Stage, window: int, factor: int
) -> None:
    these = settings(stage, stream_window=window, parallelization_factor=factor)
    once = replace(ONE_PER_SECOND, events_per_second=rate, refreshes_per_event=refreshes)
    first, second = (
        {item.name: item.quantity for item in bill(one, these, PRICES).items}
        for one in (once, replace(once, events_per_second=2 * rate))
    )
    a_little = 1 + Decimal("1e-9")  # of rounding in the 28th digit

    for name, quantity in first.items():
        assert quantity <= second[name] * a_little, name
        assert second[name] <= 2 * quantity * a_little, name
    assert sum(second.values()) > sum(first.values())


def test_only_the_last_stage_has_a_campaign_and_only_collect_has_no_training() -> None:
    names = {stage: set(usd(bill(ONE_PER_SECOND, settings(stage), PRICES))) for stage in Stage}

    assert {"Personalize campaign", "SQS requests", "DynamoDB writes", "mParticle write-back"} <= names[Stage.RECOMMEND]
    assert names[Stage.RECOMMEND] - names[Stage.TRAIN] >= {"Personalize campaign"}
    assert names[Stage.TRAIN] - names[Stage.COLLECT] == {"Personalize training"}
    assert "mParticle write-back" not in usd(bill(ONE_PER_SECOND, settings(write_back_event=False), PRICES))


@pytest.mark.parametrize("stage", Stage)
def test_there_are_as_many_alarms_and_metrics_as_the_stack_has(made: Synthesise, stage: Stage) -> None:
    flows = {
        Stage.COLLECT: ("ingest",),
        Stage.TRAIN: ("ingest", "daily check"),
        Stage.RECOMMEND: ("ingest", "daily check", "refresh"),
    }[stage]
    second_queue = stage is Stage.RECOMMEND  # which has an OldestRequest of its own
    alarms_of_stage = alarms(made(stage)).values()

    assert sum(len(metrics_of(alarm)) for alarm in alarms_of_stage) == ALARM_METRICS[stage]
    reasons = set(SkipReason) - {SkipReason.SUPPRESSED}  # which needs a suppression list
    assert sum(len(counted(flow)) for flow in flows) + len(reasons) + second_queue == METRICS[stage]
    assert len(made(stage).of_type("CloudWatch::CompositeAlarm")) == COMPOSITE_ALARMS[stage]


def test_the_alarms_that_stop_a_deployment_and_their_metrics_are_counted_where_there_are_any(made: Synthesise) -> None:
    found = (alarm["Properties"] for alarm in made("recommend").of_type("CloudWatch::Alarm").values())
    rollback = [alarm for alarm in found if "-rollback-" in alarm["AlarmName"]]
    gradual, at_once = (bill(ONE_PER_SECOND, settings(deployment=how), PRICES) for how in ("linear", "all-at-once"))
    more = {item.name: item.quantity for item in gradual.items} | {"total": gradual.total - at_once.total}
    less = {item.name: item.quantity for item in at_once.items}

    assert sum(len(metrics_of(alarm)) for alarm in rollback) == ROLLBACK_METRICS
    assert len(OF_A_VERSION) + 1 == VERSION_METRICS  # both functions quarantine
    assert more["CloudWatch alarms"] - less["CloudWatch alarms"] == ROLLBACK_METRICS
    assert more["CloudWatch metrics"] - less["CloudWatch metrics"] == VERSION_METRICS
    assert more["total"] == Decimal("3.80")


def test_log_lines_per_record_are_an_item_of_their_own_where_they_are_on() -> None:
    """2,628,000 records and 1,314,000 refreshes of 0.5 KB are 1.879692 GB at 0.50."""
    name = "CloudWatch logs per record"
    for stage, by_hand in ((Stage.RECOMMEND, "0.939846"), (Stage.COLLECT, "0.626564")):
        cost = usd(bill(ONE_PER_SECOND, settings(stage, record_logs=True), PRICES))[name]
        assert cost is not None
        assert abs(cost - Decimal(by_hand)) < Decimal("0.0001")
    assert name not in usd(bill(ONE_PER_SECOND, settings(), PRICES))


@pytest.mark.parametrize(("key", "keys"), [("create", 1), (KEY_ARN, 0)])
def test_a_key_of_ones_own_costs_its_price_and_requests_every_five_minutes(key: str, keys: int) -> None:
    usual = usd(bill(ONE_PER_SECOND, settings(), PRICES))
    own = {item.name: item.quantity for item in bill(ONE_PER_SECOND, settings(kms_key=key), PRICES).items}

    assert "KMS requests" not in usual
    assert own.get("KMS key", 0) == keys
    assert own["KMS requests"] == Decimal(8_760 * (2 * 4 + 12)) / 10_000
    collecting = bill(ONE_PER_SECOND, settings(Stage.COLLECT, kms_key=key), PRICES).items
    assert {item.name: item.quantity for item in collecting}["KMS requests"] == Decimal(8_760 * 2 * 4) / 10_000


def test_an_item_without_a_price_has_none_and_the_total_is_at_least() -> None:
    without = Prices(PRICES.region, {name: price for name, price in PRICES.prices.items() if name != "kinesis_gb_in"})
    result, whole = bill(ONE_PER_SECOND, settings(), without), bill(ONE_PER_SECOND, settings(), PRICES)

    assert usd(result)["Kinesis put"] is None
    assert not result.is_complete
    assert result.total == whole.total - Decimal("205.3125")
    assert result.summary.startswith("at least 606.85 USD per month; the largest item: Personalize campaign, 394.20")


def file(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text)
    return path


def price(
    usd: str = "1", name: str = "secret", unit: str = "secret", day: str = "2026-11-27", source: str = '"bill"'
) -> str:
    return f'region = "r"\n[{name}]\nusd = {usd}\nunit = "{unit}"\ndate = {day}\nsource = {source}\n'


def test_a_price_is_the_decimal_that_is_written(tmp_path: Path) -> None:
    assert read_prices(file(tmp_path, price("0.1"))).of("secret") == Decimal("0.1")
    assert read_prices(file(tmp_path, price("0.1"))).of("kinesis_gb_in") is None
    assert read_prices(file(tmp_path, price("3"))).of("secret") == Decimal(3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region = ", "is not TOML"),
        ("", "begin it with a line such as region"),
        (price(name="sceret"), "did you mean secret?"),
        ('region = "r"\n[secret]\nusd = 1\n', "write its usd, unit, date and source"),
        ('region = "r"\nsecret = 1\n', "write its usd, unit, date and source"),
        (price(usd="-1"), "must be a number of 0 or more"),
        (price(usd='"1"'), "without quotes, not '1'"),
        (price(usd="nan"), "must be a number of 0 or more"),
        (price(usd="true"), "must be a number of 0 or more"),
        (price(unit="month"), "convert the price to USD per secret"),
        (price(day='"today"'), "date or source of secret"),
        (price(source='""'), "date or source of secret"),
    ],
)
def test_a_wrong_file_is_one_line_that_says_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(PricesError, match=re.escape(message)) as error:
        read_prices(path)

    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_the_example_has_every_price_but_that_of_your_contract_each_dated_and_with_a_source() -> None:
    assert set(PRICES.prices) == set(UNITS) - {"mparticle_events"}
    assert all(price.source and price.usd > 0 for price in PRICES.prices.values())


def test_every_price_has_its_row_in_the_formula_of_the_guide() -> None:
    formula = cost_page.PAGE.read_text("utf-8").partition("## Formula")[2].partition("### Invocations")[0]
    rows = [line for line in formula.splitlines() if line.startswith("| ")]

    assert set(re.findall(r"`(\w+)`", "".join(row.split(" | ")[2] for row in rows))) == set(UNITS)
    items = {item.name for stage in Stage for item in bill(ONE_PER_SECOND, settings(stage), PRICES).items}
    assert [name for name in items if name.partition(" ")[0] not in formula] == []


def test_the_tables_of_the_guide_are_those_of_today() -> None:
    page = cost_page.PAGE.read_text("utf-8")
    assert page == cost_page.with_tables(page), "python -m bench.cost_page writes them"


def test_the_inputs_of_the_guide_are_those_of_the_command() -> None:
    page = cost_page.PAGE.read_text("utf-8").partition("## Formula")[0]
    usual = traffic(Shop(), settings())

    for name, value in (("R", usual.records_per_event), ("S", usual.record_kb), ("c", usual.refreshes_per_event)):
        (row,) = re.findall(rf"^\| `{name}` .*$", page, re.MULTILINE)
        assert re.search(rf"\b{value.normalize()}\b", row), row


@pytest.mark.parametrize(
    ("shop", "values", "reported", "refreshes"),
    [
        (Shop(), {}, "1", "0.8"),  # at 0, 20, 40, 70, 100, 130, 160 and 190 s
        (Shop(actions_per_visit=1), {}, "1", "1"),
        (Shop(seconds_between_actions=60), {}, "1", "1"),
        (Shop(actions_per_visit=100, seconds_between_actions=1), {}, "1", "0.06"),  # at 0, 5, 15, 45, 75 and 105 s
        (Shop(), {"refreshes_per_day": 4}, "1", "0.4"),
        (Shop(), {"view_sample": 0.25}, "0.325", "0.26"),
        (Shop(), {"refresh_actions": "add_to_cart,purchase"}, "1", "0.1"),
        (Shop(), {"event_types": "purchase", "refresh_actions": "purchase"}, "0.1", "0.1"),
        (Shop(), {"event_types": "view_detail:View,purchase"}, "1", "0.8"),
    ],
)
def test_what_is_reported_and_refreshed_follows_from_visits_and_settings(
    shop: Shop, values: dict[str, Any], reported: str, refreshes: str
) -> None:
    of_shop = traffic(shop, settings(**values))

    assert (of_shop.reported_per_event, of_shop.refreshes_per_event) == (Decimal(reported), Decimal(refreshes))


def test_what_is_counted_goes_before_defaults_and_what_is_not_known_stays() -> None:
    known = ONE_PER_SECOND.having({"records_per_event": Decimal(3), "writes_per_event": None}, "counts")

    assert known.inputs()["records_per_event"] == (Decimal(3), "counts")
    assert known.inputs()["writes_per_event"] == (Decimal("0.5"), "default")


def test_the_processor_time_is_that_of_the_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    table = "| w | the broker |\n|---|---:|\n| one | 2.48 (2 to 3) |\n"
    page.write_text(f"## A\n\n## Processor time per record, too\n\n{table}\n## B\n\n| x | y |\n")

    assert processor_time.milliseconds(page=page) == {"one": Decimal("2.48")}
    with pytest.raises(processor_time.NoMeasurement, match="make bench writes it"):
        processor_time.milliseconds("the broker at f91af5b", page)
    assert processor_time.USUAL in processor_time.milliseconds()
    assert processor_time.milliseconds(processor_time.BEFORE).keys() == processor_time.milliseconds().keys()


@pytest.mark.parametrize("stage", ["collect", "recommend"])
def test_a_deployment_shows_the_estimate_of_its_own_settings_before_it_goes_forward(
    stage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import aws_cdk as cdk

    from app import synthesise

    context = CDK_JSON["context"] | NO_BUNDLE | {"broker:min_tps": 20}
    assert synthesise(cdk.App(context=context, analytics_reporting=False, outdir=str(tmp_path)), stage) == 0
    these = settings(Stage(stage), min_tps=20)
    summary = bill(traffic(Shop(), these), these, PRICES).summary

    assert ("Personalize campaign, 7,884.00" in summary) is (stage == "recommend")
    assert main([str(tmp_path)]) == 2  # the example is refused without asking AWS
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith(f"Estimated cost of stage {stage} at 10 events per second")
    assert summary in first
    assert last.startswith("Not deployed: broker:mparticle_organisation is still the example")
