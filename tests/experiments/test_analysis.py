"""From events to a verdict: who is compared, what counts, and what is said of it."""

from dataclasses import replace

import polars as pl
import pytest
from broker.experiment import EarlierEpoch, Experiment, Variant

from experiments import estimates as est
from experiments.analysis import PopulationResult, Question, Report, analyse
from experiments.events import ACTIVITY, IMPRESSION, LIST, PURCHASE, events
from experiments.outcomes import DAY_MS, Windows, before, began, lines, of_week, outcomes
from personalize_data.errors import InvalidRequest
from tests.experiments.shop import AUTUMN, START, Shop, frame, row, rows, shop_events

PLANNED = Question(planned_days=28)
BETTER = Shop(rates={"fresh": 0.2})


@pytest.fixture(scope="module")
def better() -> Report:
    return analyse(shop_events(BETTER), AUTUMN, PLANNED)


def test_a_variant_that_sells_more_is_better_and_its_effect_is_in_the_interval(better: Report) -> None:
    (comparison,) = better.main.comparisons
    last = comparison.last("conversion")
    assert last is not None
    assert (comparison.treatment, comparison.control) == ("fresh", "control")
    assert (comparison.verdict.outcome, comparison.verdict.day) == ("better", 14)
    assert last.low < 0.1 < last.high
    assert [look.day for look in comparison.looks["conversion"]] == list(range(1, 29))


def test_what_each_variant_earned_adds_up(better: Report) -> None:
    raw = [one for one in rows(BETTER, AUTUMN.variant_of) if one[2] == PURCHASE and (one[7] or "").startswith("p")]
    until = START + 28 * DAY_MS
    for arm in better.main.arms:
        own = [one for one in raw if AUTUMN.variant_of(int(one[0])) == arm.name and one[1] < until]
        assert (arm.bought, arm.lines, arm.units) == (len(own), len(own), len(own))
        assert arm.revenue == sum(one[4] or 0 for one in own)
        assert arm.from_list == sum(one[3] == "a" for one in own)
    assert better.main.sample_ratio is not None
    assert not better.main.sample_ratio.mismatch


def test_where_nothing_differs_it_cannot_tell_and_says_how_many_customers_it_would_take() -> None:
    report = analyse(shop_events(Shop(seed=2)), AUTUMN, PLANNED)
    verdict = report.main.comparisons[0].verdict
    assert (verdict.outcome, verdict.reason) == ("cannot tell", "the interval holds zero")
    assert verdict.needed is not None
    assert verdict.needed > 4_000


@pytest.mark.parametrize(
    ("days", "customers", "reason"),
    [(13, 4_000, "day 13: a verdict takes 2 whole weeks"), (28, 200, "customers bought in a variant: a verdict takes")],
)
def test_there_is_no_verdict_before_two_weeks_or_of_too_few_buyers(days: int, customers: int, reason: str) -> None:
    report = analyse(shop_events(Shop(rates={"fresh": 0.5}, days=days, customers=customers)), AUTUMN, Question())
    assert report.main.comparisons[0].verdict.outcome == "cannot tell"
    assert reason in report.main.comparisons[0].verdict.reason


def test_those_who_see_the_slot_tell_more_than_everybody() -> None:
    report = analyse(shop_events(Shop(customers=6_000, sees=0.3, rates={"fresh": 0.2})), AUTUMN, PLANNED)
    triggered, everybody = (_last(each) for each in (report.main, report.others[0]))
    assert (report.main.name, report.others[0].name) == ("triggered", "everybody")
    assert triggered.estimate.customers < 0.35 * everybody.estimate.customers
    # Of those who see it, one in ten more buys; of everybody, three in a hundred.
    assert 0.1 / triggered.estimate.standard_error > 1.4 * 0.03 / everybody.estimate.standard_error


def test_without_impressions_everybody_counts_from_their_first_event_and_the_report_says_so() -> None:
    report = analyse(shop_events(Shop(sees=0)), AUTUMN, PLANNED)
    assert report.main.name == "everybody"
    assert "no impression of the slot" in report.notes[-1]


def test_customers_missing_from_one_variant_stop_every_verdict() -> None:
    given = shop_events(BETTER)
    lost = pl.Series([str(mpid) for mpid in range(1, 4_001, 4) if AUTUMN.variant_of(mpid) == "fresh"])
    report = analyse(replace(given, rows=given.rows.filter(~pl.col("user").is_in(lost.implode()))), AUTUMN, PLANNED)
    assert report.main.sample_ratio is not None
    assert report.main.sample_ratio.mismatch
    assert report.main.comparisons[0].verdict.outcome == "cannot tell"
    assert "shares" in report.main.comparisons[0].verdict.reason


def test_a_variant_without_any_customer_is_a_mismatch() -> None:
    given = shop_events(Shop(customers=400, days=14))
    control = pl.Series([str(mpid) for mpid in range(1, 401) if AUTUMN.variant_of(mpid) == "control"])
    report = analyse(replace(given, rows=given.rows.filter(pl.col("user").is_in(control.implode()))), AUTUMN, PLANNED)
    assert report.main.sample_ratio is not None
    assert report.main.sample_ratio.customers["fresh"] == 0
    assert report.main.sample_ratio.mismatch


def test_customers_whose_id_or_variant_changed_are_counted_and_a_result_is_without_them() -> None:
    extra = [
        *(row(mpid, START + 20 * DAY_MS, LIST, items=["a"], key=f"x{mpid}", variant="other") for mpid in range(1, 11)),
        row(20, START, ACTIVITY, session="s"),
        row(-77, START + 1, ACTIVITY, session="s"),
    ]
    report = analyse(events([*rows(BETTER, AUTUMN.variant_of), *extra]), AUTUMN, PLANNED)
    # A variant that was written before the customer came in says nothing.
    came_later = report.changed_variant
    assert 0 < came_later <= 10
    assert report.changed_id == 1
    assert report.others[-1].name == "triggered, sure"
    sure = sum(arm.customers for arm in report.others[-1].arms)
    assert sure == sum(arm.customers for arm in report.main.arms) - came_later - report.changed_id


def test_a_change_of_weights_is_analysed_by_epoch_and_who_moved_is_left_out_of_the_later_one() -> None:
    changed = Experiment(
        "autumn",
        {"control": Variant(30), "fresh": Variant(70)},
        epoch=2,
        began=START // 1000 + 14 * 86_400,
        earlier=[EarlierEpoch(START // 1000, {"control": 50, "fresh": 50})],
    )
    early = Experiment("autumn", {"control": Variant(50), "fresh": Variant(50)})

    def variant_of(mpid: int) -> str:  # better from the first day on, for those who stay in it
        return "fresh" if early.variant_of(mpid) == changed.variant_of(mpid) == "fresh" else "control"

    report = analyse(events(rows(BETTER, variant_of)), changed, PLANNED)
    (comparison,) = report.main.comparisons
    assert set(comparison.epochs) == {1, 2}
    last = comparison.last("conversion")
    assert last is not None
    first, second = comparison.epochs.values()
    assert last.estimate.customers == first.customers + second.customers
    assert min(first.effect, second.effect) <= last.estimate.effect <= max(first.effect, second.effect)
    assert report.main.left_out["moved"] > 0
    assert report.main.sample_ratio is not None
    assert not report.main.sample_ratio.mismatch
    assert comparison.verdict.outcome == "better"


def test_epochs_are_combined_with_the_same_customers_known_as_the_same() -> None:
    table = pl.DataFrame(
        {"user": [str(n) for n in range(400)], "variant": ["a", "b"] * 200, "bought": [0.0, 1.0, 1.0, 0.0] * 100}
    )
    twice = [est.summary(table), est.summary(table)]
    once = est.estimate(twice[:1], "a", "b", est.CONVERSION)
    both = est.estimate(twice, "a", "b", est.CONVERSION)
    others = est.estimate([twice[0], est.summary(table.with_columns(pl.col("user") + "x"))], "a", "b", est.CONVERSION)
    assert once
    assert both
    assert others
    # The same customers once more are no news; as many others halve the variance.
    assert both.standard_error == pytest.approx(once.standard_error, rel=0.01)
    assert others.standard_error == pytest.approx(once.standard_error / 2**0.5, rel=0.01)


@pytest.mark.parametrize("metric", [est.CONVERSION, est.REVENUE, est.LIST_SHARE, est.ORDER_VALUE])
def test_what_each_customer_moves_adds_up_to_the_librarys_standard_error(metric: est.Metric) -> None:
    given = shop_events(BETTER).rows
    came = began(given, "triggered", START, START + 28 * DAY_MS).with_columns(
        pl.col("user").map_elements(lambda user: AUTUMN.variant_of(int(user)), return_dtype=pl.String).alias("variant")
    )
    bought = lines(given, Windows())
    table = outcomes(before(came, bought, Windows()), bought, START + 28 * DAY_MS)
    part = est.of_epoch(est.summary(table), "control", "fresh", metric)
    assert part is not None
    moved = est.influence(table, part, "control", "fresh", metric)["influence"]
    assert float((moved**2).sum()) == pytest.approx(part.standard_error**2, rel=0.01)


def test_where_all_customers_have_one_ratio_there_is_nothing_to_compare() -> None:
    lines_bought = [0.0] * 35 + [1.0] * 7 + [3.0]
    table = pl.DataFrame({"variant": ["a", "b"] * 43, "lines": [each for each in lines_bought for _ in range(2)]})
    same = est.summary(table.with_columns(pl.col("lines").alias("from_list")))
    assert est.of_epoch(same, "a", "b", est.LIST_SHARE) is None
    varies = est.summary(table.with_columns((pl.col("lines") > 1).cast(pl.Float64).alias("from_list")))
    assert est.of_epoch(varies, "a", "b", est.LIST_SHARE) is not None


def test_only_what_comes_after_the_first_impression_counts_and_refunds_count_as_less() -> None:
    given = frame(
        row(1, 100, PURCHASE, "a", 10.0, 1.0),
        row(1, 200, IMPRESSION),
        row(1, 200, PURCHASE, "a", 10.0, 1.0),
        row(1, 300, PURCHASE, "a", 7.0, 2.0),
        row(1, 400, PURCHASE, "a", -3.0, -1.0),
        row(1, 900, PURCHASE, "a", 50.0, 1.0),
        row(2, 250, IMPRESSION),
        row(2, 400, PURCHASE, "a", -3.0, -1.0),
        row(3, 950, IMPRESSION),
    )
    came, bought = began(given, "triggered", 0, 10_000), lines(given, Windows())
    table = outcomes(came, bought, 900).sort("user")
    assert table.select("user", "bought", "revenue", "units", "orders", "lines").rows() == [
        ("1", 1.0, 4.0, 1.0, 1.0, 1.0),
        ("2", 0.0, -3.0, -1.0, 0.0, 0.0),
    ]
    earlier = before(came, bought, Windows()).sort("user")
    assert earlier["revenue_before"].to_list() == [20.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("listed", "item", "credited", "expected"),
    [
        (50, "a", False, 1.0),
        (50, "z", False, 0.0),
        (50, "z", True, 1.0),
        (150, "a", False, 0.0),
        (-8 * DAY_MS, "a", False, 0.0),
    ],
)
def test_a_line_is_from_the_list_that_the_customer_had_in_the_days_before(
    listed: int, item: str, credited: bool, expected: float
) -> None:
    given = frame(
        row(1, 0, IMPRESSION),
        row(1, listed, LIST, items=["a", "b"]),
        row(2, 50, LIST, items=["z"]),  # another customer's
        row(1, 100, PURCHASE, item, 1.0, 1.0, credited=credited),
    )
    table = outcomes(began(given, "triggered", 0, 1_000), lines(given, Windows(list_days=7)), 1_000)
    assert table["from_list"].to_list() == [expected]


def test_a_week_counts_for_those_who_have_had_it_whole() -> None:
    week = 7 * DAY_MS
    given = frame(
        row(1, 0, IMPRESSION),
        row(1, week + 5, PURCHASE, "a", 1.0, 1.0),
        row(2, DAY_MS, IMPRESSION),
        row(2, DAY_MS + 5, PURCHASE, "a", 1.0, 1.0),
    )
    came, bought = began(given, "triggered", 0, 10 * week), lines(given, Windows())
    assert of_week(came, bought, 0, 2 * week).sort("user")["bought"].to_list() == [0.0, 1.0]
    assert of_week(came, bought, 1, 2 * week)["bought"].to_list() == [1.0]


def test_the_same_line_delivered_twice_counts_once_and_the_probe_is_nobody() -> None:
    twice = [
        row(1, 5, PURCHASE, "a", 1.0, 1.0, "k"),
        row(1, 5, PURCHASE, "a", 1.0, 1.0, "k"),
        row("broker-probe", 5, ACTIVITY),
    ]
    found = events(twice, refused=["9"])
    assert (len(found.rows), found.duplicates) == (1, 1)


def test_who_has_more_events_than_a_person_is_left_out_of_every_variant() -> None:
    busy = [row(1, START + second, ACTIVITY, key=f"k{second}") for second in range(1_001)]
    report = analyse(events([*rows(BETTER, AUTUMN.variant_of), *busy]), AUTUMN, PLANNED)
    assert report.many_events == 1


def test_without_a_customer_in_a_variant_there_is_nothing_to_analyse() -> None:
    with pytest.raises(InvalidRequest, match="is it the right experiment"):
        analyse(events([row("anna", START, ACTIVITY)]), AUTUMN, PLANNED)


def _last(of: PopulationResult):  # type: ignore[no-untyped-def]
    last = of.comparisons[0].last("conversion")
    assert last is not None
    return last
