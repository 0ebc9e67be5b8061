"""Event weights and schedules: what differs, and that an update drops nothing of what stays."""

from typing import Any

import pytest

from lifecycle.tuning import EVENTS, SCHEDULE, Wanted, differences, request

ARN = "arn:aws:personalize:us-east-1:123456789012:solution/shop"
WEIGHED = ({"eventType": "purchase", "weight": 1.0}, {"eventType": "view", "weight": 0.2, "eventValueThreshold": 5.0})


def solution(**more: Any) -> dict[str, Any]:
    return {"solutionArn": ARN, "performAutoTraining": True, **more}


def config(*events: Any, schedule: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"eventsConfig": {"eventParametersList": list(events)}} if events else {}
    return found | ({"autoTrainingConfig": {"schedulingExpression": schedule}} if schedule else {})


THREE_DAYS = config(schedule="rate(3 days)")


def settings(wanted: Wanted, state: dict[str, Any]) -> list[str]:
    return [one.setting for one in differences(wanted, state)]


@pytest.mark.parametrize(
    ("wanted", "state"),
    [
        (Wanted("shop"), solution(solutionConfig=config(*WEIGHED, schedule="rate(3 days)"))),
        (Wanted("shop", WEIGHED), solution(solutionConfig=config(*reversed(WEIGHED)))),
        (Wanted("shop", ({"eventType": "a", "weight": 1.0},)), solution(solutionConfig=config({"eventType": "a"}))),
        (Wanted("shop", None, "rate(7 days)"), solution()),
        (Wanted("shop", None, "rate(1 day)"), solution(solutionConfig=config(schedule="rate(1 days)"))),
        (Wanted("shop", None, "off"), solution(performAutoTraining=False, solutionConfig=THREE_DAYS)),
        (
            Wanted("shop", None, "rate(3 days)"),
            solution(latestSolutionUpdate={"status": "ACTIVE", "solutionUpdateConfig": THREE_DAYS}),
        ),
    ],
)  # fmt: skip
def test_what_is_as_wanted_differs_in_nothing(wanted: Wanted, state: dict[str, Any]) -> None:
    assert differences(wanted, state) == []


def test_each_setting_that_differs_is_said_with_both_values() -> None:
    wanted = Wanted("shop", WEIGHED, "rate(3 days)")
    first, second = differences(wanted, solution(solutionConfig=config({"eventType": "purchase", "weight": 0.5})))

    assert (first.setting, first.found, first.wanted) == (EVENTS, "purchase 0.5", "purchase 1, view 0.2 from 5 up")
    assert (second.setting, second.found, second.wanted) == (SCHEDULE, "every 7 days", "every 3 days")
    assert str(second) == "solution shop, training_schedule: every 7 days in Personalize, every 3 days wanted"
    assert settings(Wanted("shop", WEIGHED), solution()) == [EVENTS]
    assert settings(Wanted("shop", None, "off"), solution()) == [SCHEDULE]
    assert settings(Wanted("shop", None, "rate(7 days)"), solution(performAutoTraining=False)) == [SCHEDULE]


def test_an_update_that_failed_changed_nothing() -> None:
    failed = {"status": "CREATE FAILED", "solutionUpdateConfig": config(schedule="rate(3 days)")}
    assert settings(Wanted("shop", None, "rate(3 days)"), solution(latestSolutionUpdate=failed)) == [SCHEDULE]


def test_an_update_has_what_stays_as_well() -> None:
    state = solution(solutionConfig=config(*WEIGHED, schedule="rate(3 days)"))

    assert request(Wanted("shop", None, "rate(5 days)"), state) == {
        "solutionArn": ARN,
        "performAutoTraining": True,
        "solutionUpdateConfig": config(*WEIGHED, schedule="rate(5 days)"),
    }
    assert request(Wanted("shop", WEIGHED[:1]), state)["solutionUpdateConfig"] == config(
        *WEIGHED[:1], schedule="rate(3 days)"
    )
    off = request(Wanted("shop", None, "off"), state)
    assert (off["performAutoTraining"], off["solutionUpdateConfig"]) == (False, config(*WEIGHED))
    assert request(Wanted("shop", WEIGHED), solution(performAutoTraining=False))["performAutoTraining"] is False
