"""The evaluator of alarms: CloudWatch's rules for periods, missing data and metric math, and what it refuses."""

import re
from typing import Any

import pytest

from tests.infra.alarm_evaluator import Alarm, composite_states, metric_math

PLAIN = {
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Period": 60,
    "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 0,
    "EvaluationPeriods": 3,
    "TreatMissingData": "notBreaching",
}


def state(periods: str, **properties: Any) -> str:
    """Return the state of an alarm after minutes that breach (X), don't (0), or have no data (-)."""
    points = [(60 * n + 1, float(char == "X")) for n, char in enumerate(periods) if char != "-"]
    end = 60 * len(periods)
    return Alarm(PLAIN | properties).states(lambda _: points, 0, end)[end]


def on(periods: str, **properties: Any) -> bool:
    """Tell whether an alarm is on after such minutes."""
    return state(periods, **properties) == "ALARM"


@pytest.mark.parametrize(
    ("periods", "not_breaching", "breaching", "ignored"),
    [
        ("0-X-X", False, False, "OK"),
        ("0----", False, False, "OK"),
        ("-----", False, True, "INSUFFICIENT_DATA"),
        ("0XX-X", True, True, "ALARM"),
        ("--X--", False, True, "INSUFFICIENT_DATA"),
        ("-XXX0", False, False, "OK"),
        ("00XXX", True, True, "ALARM"),
    ],
)
def test_missing_data_counts_only_where_there_are_too_few_points(
    periods: str, not_breaching: bool, breaching: bool, ignored: str
) -> None:
    """The table of the guide: "How alarm state is evaluated when data is missing", three of three, five retrieved."""
    assert on(periods) is not_breaching
    assert on(periods, TreatMissingData="breaching") is breaching
    assert state(periods, TreatMissingData="ignore") == ignored


def test_an_alarm_that_ignores_missing_data_keeps_its_state() -> None:
    latest = {"TreatMissingData": "ignore", "EvaluationPeriods": 1}

    assert state("X" + "-" * 20, **latest) == "ALARM"
    assert state("0" + "-" * 20, **latest) == "OK"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('(ALARM("a") OR ALARM("b"))', ["OK", "ALARM", "ALARM"]),
        ('(ALARM("a") AND OK("b"))', ["OK", "ALARM", "OK"]),
        ('(NOT (ALARM("a")) OR INSUFFICIENT_DATA("b"))', ["ALARM", "OK", "OK"]),
    ],
)
def test_the_rule_of_a_composite_alarm(rule: str, expected: list[str]) -> None:
    states = {
        "a": dict(enumerate(["OK", "ALARM", "ALARM"])),
        "b": dict(enumerate(["INSUFFICIENT_DATA", "OK", "ALARM"])),
    }
    parts: list[Any] = [
        {"Fn::GetAtt": [part, "Arn"]} if part in "ab" else part for part in re.split(r"\b([ab])\b", rule)
    ]

    assert list(composite_states({"Fn::Join": ["", parts]}, states).values()) == expected


def test_a_rule_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="known"):
        composite_states({"Fn::Join": ["", ["AT_LEAST(2, ALARM)"]]}, {"a": {0: "OK"}})


def test_datapoints_to_alarm_need_not_be_next_to_each_other() -> None:
    assert on("X0X", DatapointsToAlarm=2)
    assert not on("X00", DatapointsToAlarm=2)
    assert not on("X0X")


def test_an_alarm_looks_every_minute_at_the_periods_before_it() -> None:
    alarm = Alarm(PLAIN | {"Period": 300, "EvaluationPeriods": 1})

    assert alarm.on(lambda _: [(90, 1)], 0, 420) == [120, 180, 240, 300, 360, 420]


@pytest.mark.parametrize(
    ("statistic", "value"), [({"Statistic": "Sum"}, 5050), ({"Statistic": "Maximum"}, 100), ({"Statistic": None}, 99)]
)
def test_statistics(statistic: dict[str, Any], value: float) -> None:
    points = [(n / 2, float(101 - n)) for n in range(1, 101)]
    properties = PLAIN | {"EvaluationPeriods": 1, "ExtendedStatistic": "p99"} | statistic

    assert Alarm(properties | {"Threshold": value - 1}).on(lambda _: points, 0, 60)
    assert not Alarm(properties | {"Threshold": value}).on(lambda _: points, 0, 60)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("FILL(a, 0)", [1, 0, 3]),
        ("a + b", [1, None, 5]),
        ("100 * a / b", [None, None, 150]),
        ("b / FILL(a, 0)", [0, None, 2 / 3]),
        ("(FILL(a, 0) > 0) AND (b == 0)", [1, 0, 0]),
        ("IF(a > 1, a, b)", [0, None, 3]),
        ("IF(FILL(a, 0) == 0, 7, b)", [0, 7, 2]),
    ],
)
def test_metric_math(expression: str, values: list[float | None]) -> None:
    known: dict[str, Any] = {"a": [1.0, None, 3.0], "b": [0.0, 2.0, 2.0]}

    assert metric_math(expression, known, 3) == values


@pytest.mark.parametrize(
    "expression",
    [
        "a > 0 AND a == 0",
        "RATE(a)",
        "FILL(a, REPEAT)",
        "FILL(a, a)",
        "SUM(METRICS())",
        "a - 1",
        "a < 1",
        "0 < a > 1",
        "c",
        "IF(a, 1)",
        "a ||",
        "ANOMALY_DETECTION_BAND(a, 2)",
    ],
)
def test_what_is_not_known_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"known|parentheses|FILL takes"):
        metric_math(expression, {"a": [1.0]}, 1)


@pytest.mark.parametrize(
    "properties",
    [{"EvaluateLowSampleCountPercentile": "ignore"}, {"EvaluationWindow": {}}, {"WarmUpConfiguration": {}}],
)
def test_properties_that_are_not_known_are_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not known"):
        Alarm(PLAIN | properties)


def test_a_statistic_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="no statistic"):
        on("X", Statistic="Average")
