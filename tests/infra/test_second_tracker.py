"""A second dataset group: nothing of it unless it is named, and then nothing that the first one could feel."""

import json
from decimal import Decimal
from typing import Any

from infra.cost.bill import ALARM_METRICS, METRICS, SECOND_ALARM_METRICS, bill
from infra.paths import ROOT
from infra.settings import Stage, read_settings
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON, FULL
from tests.infra.test_cost import ONE_PER_SECOND, PRICES
from tests.infra.test_monitoring import alarms, metrics_of

TRACKER = "99998888-7777-6666-5555-444433332222"
LISTED = {"broker:suppression_list": True, "broker:rewind": True}
ON = LISTED | {"broker:second_tracking_id": TRACKER}


def test_it_is_off_by_default_and_leaves_all_that_there_is_but_the_target_of_rewind(made: Synthesise) -> None:
    without, with_second = (made("recommend", context).template["Resources"] for context in (LISTED, ON))
    assert [id for id in without if "Second" in id] == []
    added = {id for id in with_second if id not in without}
    assert {id for id in added if not id.startswith(("Second", "Alarmssecond"))} == set()
    assert without.keys() <= with_second.keys()
    changed = {id for id in without if id in with_second and without[id] != with_second[id]}
    kinds = {without[id]["Type"] for id in changed if not id.startswith("Rewind")}
    assert kinds == {"AWS::CloudWatch::Dashboard"}


def test_it_reads_the_stream_by_a_mapping_of_its_own_from_the_oldest_record_on(made: Synthesise) -> None:
    mappings = made("recommend", ON).of_type("Lambda::EventSourceMapping")
    first, second = (mappings[f"{id}StreamMapping"]["Properties"] for id in ("Ingest", "Second"))
    assert second["StartingPosition"] == "TRIM_HORIZON"
    assert {name for name in first if first[name] != second[name]} == {"FunctionName"}
    alias = made("recommend", ON).template["Resources"][second["FunctionName"]["Ref"]]
    assert "SecondIngestFunction" in json.dumps(alias["Properties"]["FunctionName"])
    assert "UpdatePolicy" not in alias, "no deployment bit by bit, where nobody is served"


def test_it_is_ingest_with_another_tracker_and_without_queues(made: Synthesise) -> None:
    stack = made("recommend", ON)
    first, second = _variables(stack, "Ingest"), _variables(stack, "Second")
    assert second["TRACKING_ID"] == TRACKER == _variables(stack, "Rewind")["TRACKING_ID"]
    assert first["TRACKING_ID"] != TRACKER
    lacking = {"REFRESH_QUEUE_URL", "PURCHASE_QUEUE_URL", "COUNT_BY_VERSION"}
    assert first.keys() - second.keys() == lacking
    assert {name for name in second if second[name] != first[name]} == {"TRACKING_ID"}
    assert "Queue" not in json.dumps([stack.statements("SecondIngest"), second])


def test_its_function_may_what_ingest_may_but_for_the_queues(made: Synthesise) -> None:
    stack = made("recommend", ON)
    first, second = (
        [one for one in stack.statements(role) if "logs:" not in json.dumps(one)] for role in ("Ingest", "SecondIngest")
    )
    assert [one["Action"] for one in first if one not in second] == ["sqs:SendMessage"]
    assert [one for one in second if one not in first] == []


def test_the_commands_find_it_by_the_stacks_outputs(made: Synthesise) -> None:
    outputs = made("recommend", ON).template["Outputs"]
    assert outputs["SecondTrackingId"]["Value"] == TRACKER
    assert "SecondIngestFunction" in json.dumps(outputs["SecondIngestFunction"]["Value"])
    assert [name for name in made("recommend").template["Outputs"] if name.startswith("Second")] == []


def test_three_alarms_watch_it_and_none_of_them_is_a_page(made: Synthesise) -> None:
    stack = made("collect", ON)
    found = alarms(stack)
    second = {id: found[id] for id in ("second-errors", "second-iterator-age", "second-on-failure")}
    assert sum(map(len, map(metrics_of, second.values()))) == SECOND_ALARM_METRICS
    assert (second["second-iterator-age"]["Threshold"], second["second-iterator-age"]["EvaluationPeriods"]) == (
        3_600_000,
        12,
    )
    for id, alarm in second.items():
        expected = "SecondStreamMapping" if id == "second-on-failure" else "SecondIngestFunction"
        assert expected in json.dumps(alarm["Dimensions"])
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmActions"]
    pages = json.dumps(stack.of_type("CloudWatch::CompositeAlarm"))
    assert "second" not in pages.lower()
    rewind = 1
    number = sum(len(metrics_of(alarm)) for alarm in found.values())
    assert number == ALARM_METRICS[Stage.COLLECT] + rewind + SECOND_ALARM_METRICS


def test_its_cost_is_what_it_is_by_hand() -> None:
    """2,628,000 events of a MB; 2,470,385.12 invocations of 512 MB and 0.2 s; 2 ms of a processor per record."""

    def usd(**values: Any) -> dict[str, Decimal]:
        context = CDK_JSON["context"] | FULL | {f"broker:{key}": value for key, value in values.items()}
        items = bill(ONE_PER_SECOND, read_settings(context, "collect", ROOT), PRICES).items
        return {item.name: item.usd or Decimal(0) for item in items}

    by_hand = {
        "Second tracker read": "102.65625",  # 2,566.40625 GB at 0.04
        "Second tracker time": "3.41493",  # 0.256118 million GB-seconds at 13.3334
        "Second tracker logs": "1.17797",  # 2.355943 GB at 0.50
        "Second tracker requests": "0.49408",  # 2.470385 million at 0.20
        "Second tracker events": "0.03942",  # 0.7884 GB at 0.05
    }
    without, with_second = usd(suppression_list=True), usd(suppression_list=True, second_tracking_id=TRACKER)
    assert set(with_second) - set(without) == set(by_hand)
    for name, cost in by_hand.items():
        assert abs(with_second[name] - Decimal(cost)) < Decimal("0.0001"), name
    assert with_second["CloudWatch alarms"] - without["CloudWatch alarms"] == 3 * Decimal("0.10")
    written = METRICS[Stage.COLLECT] + 1  # and the reason suppressed
    assert with_second["CloudWatch metrics"] - without["CloudWatch metrics"] == written * Decimal("0.30")
    provisioned = usd(suppression_list=True, second_tracking_id=TRACKER, stream_mode="provisioned", shards=2)
    assert "Second tracker read" not in provisioned


def _variables(stack: Any, function: str) -> dict[str, Any]:
    found = [
        one["Properties"]["Environment"]["Variables"]
        for id, one in stack.of_type("Lambda::Function").items()
        if id.startswith(function)
    ]
    assert len(found) == 1, function
    return dict(found[0])
