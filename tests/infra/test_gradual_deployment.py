"""A new version of the functions takes over gradually, an alarm of its own takes it back, and a hotfix goes at once."""

import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.paths import ROOT
from tests.infra.alarm_evaluator import MINUTE, Alarm, Points
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import GIVEN, Synthesised

PREFIX = "personalize-broker-rollback-"
FUNCTIONS = "Ingest", "Refresh"
START, END = 0.0, 10.0 * MINUTE  # as long as the version takes to take over


def aliases(synthesised: Synthesised) -> dict[str, dict[str, Any]]:
    """Return the aliases, by the function."""
    found = synthesised.of_type("Lambda::Alias")
    return {function: one for function in FUNCTIONS for id, one in found.items() if id.startswith(function)}


def version(synthesised: Synthesised, function: str) -> str:
    """Return the logical id of the version that a function's alias is on."""
    number: list[str] = aliases(synthesised)[function]["Properties"]["FunctionVersion"]["Fn::GetAtt"]
    assert number[1] == "Version"
    return number[0]


def rollback_alarms(synthesised: Synthesised) -> dict[str, Alarm]:
    """Return the alarms that stop a deployment, by what follows the stack's name in theirs."""
    alarms = [one["Properties"] for one in synthesised.of_type("CloudWatch::Alarm").values()]
    return {one["AlarmName"].removeprefix(PREFIX): Alarm(one) for one in alarms if one["AlarmName"].startswith(PREFIX)}


def test_mappings_invoke_the_alias_at_every_stage(each_stage: Synthesised) -> None:
    live = {id for id, one in each_stage.of_type("Lambda::Alias").items() if one["Properties"]["Name"] == "live"}
    mappings = each_stage.of_type("Lambda::EventSourceMapping").values()

    assert live
    assert {mapping["Properties"]["FunctionName"]["Ref"] for mapping in mappings} == live


def test_codedeploy_shifts_both_aliases_and_waits_for_alarms_of_the_new_version(made: Synthesise) -> None:
    recommend = made("recommend")
    resources = recommend.template["Resources"]
    for function in FUNCTIONS:
        alias = aliases(recommend)[function]
        policy = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        group = resources[policy["DeploymentGroupName"]["Ref"]]["Properties"]
        alarms = [resources[alarm["Name"]["Ref"]] for alarm in group["AlarmConfiguration"]["Alarms"]]

        assert group["ApplicationName"] == policy["ApplicationName"]
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
        assert group["AlarmConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert 1 <= len(alarms) <= 10
        assert {alarm["Properties"]["AlarmName"] for alarm in alarms} == {
            f"{PREFIX}{function.lower()}-{cause}" for cause in ("errors", "quarantine", "nothing-done")
        }
        for alarm in alarms:
            assert version(recommend, function) in json.dumps(alarm), "of the new version"
            periods = [alarm["Properties"].get("Period")] + [
                query["MetricStat"]["Period"]
                for query in alarm["Properties"].get("Metrics", [])
                if "MetricStat" in query
            ]
            assert set(periods) - {None} == {60}
            assert "AlarmActions" not in alarm["Properties"]


def test_codedeploy_may_move_one_alias_and_read_alarms(made: Synthesise) -> None:
    recommend = made("recommend")
    for function in FUNCTIONS:
        role = recommend.properties("IAM::Role", f"Deployment{function}")
        (policy,) = role["Policies"]
        moves, reads = policy["PolicyDocument"]["Statement"]

        assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "codedeploy.amazonaws.com"}
        assert "ManagedPolicyArns" not in role
        assert "lambda:UpdateAlias" in moves["Action"]
        assert all(f"{function}Function" in json.dumps(resource) for resource in moves["Resource"])
        assert reads["Action"] == "cloudwatch:DescribeAlarms"


@pytest.mark.parametrize(
    ("stage", "context"),
    [("collect", {}), ("train", {}), ("recommend", {"broker:deployment": "all-at-once"})],
)
def test_before_customers_are_served_and_where_it_is_set_a_version_takes_over_at_once(
    made: Synthesise, stage: str, context: dict[str, Any]
) -> None:
    at_once = made(stage, context)

    assert not at_once.of_type("CodeDeploy::DeploymentGroup")
    assert not at_once.of_type("CodeDeploy::Application")
    assert rollback_alarms(at_once) == {}
    assert all("UpdatePolicy" not in alias for alias in aliases(at_once).values())
    assert "COUNT_BY_VERSION" not in at_once.variables("Ingest")


def test_functions_count_by_version_where_alarms_read_it(made: Synthesise) -> None:
    for context in ({}, GIVEN):
        assert {made("recommend", context).variables(function)["COUNT_BY_VERSION"] for function in FUNCTIONS} == {"on"}


def test_a_hotfix_differs_only_in_that_no_alarm_is_asked(made: Synthesise) -> None:
    """CloudFormation then moves the aliases itself, so an alarm that is on because of the bug can't stop it."""
    usual, hotfix = made("recommend"), made("recommend", {"broker:hotfix": True})
    expected = json.loads(json.dumps(usual.template))
    for alias in aliases(usual):
        (id,) = (id for id in expected["Resources"] if id.startswith(f"{alias}Live"))
        assert expected["Resources"][id].pop("UpdatePolicy")

    assert hotfix.template == expected


@pytest.mark.parametrize(
    ("confirm", "hotfix"), [("hotfix", True), ("silent,hotfix", True), ("silent", False), ("", False)]
)
def test_make_deploy_synthesises_a_hotfix_where_that_is_confirmed(confirm: str, hotfix: bool) -> None:
    command = ["make", "--dry-run", "--always-make", "deploy", f"CONFIRM={confirm}"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours
    (synth,) = (line for line in said.splitlines() if line.startswith("./cdk synth"))

    assert ("broker:hotfix=true" in synth) is hotfix
    assert f'--confirm "{confirm}"' in said


@pytest.mark.parametrize(
    ("context", "changed"),
    [
        ({"broker:num_results": 25}, {"Refresh"}),
        ({"broker:event_value": False}, {"Ingest"}),
        ({"broker:refresh_memory": 1024}, {"Refresh"}),
        ({"broker:python": "3.14"}, {"Ingest", "Refresh"}),
        ({"broker:min_tps": 5}, set()),
        ({"broker:paused": True}, {"Ingest"}),
        ({"broker:alarm_email": ""}, set()),
        # The variable's text stays: a reference to the filter, which is another one now.
        ({"broker:filter_expression": 'INCLUDE ItemID WHERE Items.SALE IN ("y")'}, {"Refresh"}),
    ],
)
def test_a_version_is_published_where_what_it_keeps_is_another(
    made: Synthesise, context: dict[str, Any], changed: set[str]
) -> None:
    usual, other = made("recommend"), made("recommend", context)

    assert {function for function in FUNCTIONS if version(usual, function) != version(other, function)} == changed


def test_old_versions_stay_to_point_the_alias_back_to(made: Synthesise) -> None:
    for one in made("recommend").of_type("Lambda::Version").values():
        assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


# Sums of a minute: of the new version, and of both together.
Sums = Mapping[str, float]
INGEST_READS, REFRESH_READS = {"Records": 30.0}, {"Messages": 30.0}
INGEST_BOTH = {"Records": 300.0, "Accepted": 150.0, "Quarantined": 20.0}
REFRESH_BOTH = {"Messages": 300.0, "ProfilesUpdated": 100.0, "ProfilesUnchanged": 100.0}


def of_both(new: Sums, both: Sums, errors: float = 0) -> Callable[[Mapping[str, Any]], Points]:
    """Return the points of a deployment's minutes, all alike."""

    def points(metric: Mapping[str, Any]) -> Points:
        dimensions = {one["Name"] for one in metric["Dimensions"]}
        if metric["MetricName"] == "Errors":
            assert dimensions == {"FunctionName", "Resource", "ExecutedVersion"}
            return every_minute(errors)
        assert dimensions <= {"service", "version"}
        return every_minute((new if "version" in dimensions else both).get(metric["MetricName"]))

    return points


def every_minute(value: float | None) -> Points:
    return [] if value is None else [(START + MINUTE * n + 30, value) for n in range(10)]


def on(synthesised: Synthesised, points: Callable[[Mapping[str, Any]], Points]) -> set[str]:
    """Return which alarms go off while the new version takes over."""
    return {name for name, alarm in rollback_alarms(synthesised).items() if alarm.on(points, START, END)}


@pytest.mark.parametrize(
    ("function", "new", "both"),
    [
        ("ingest", {**INGEST_READS, "Accepted": 15.0, "Quarantined": 1.0}, INGEST_BOTH),
        ("ingest", {"Records": 1.0}, INGEST_BOTH),  # a quiet shop: one record without a product
        ("ingest", {"Records": 1.0, "Quarantined": 1.0}, INGEST_BOTH),
        ("ingest", {"Records": 300.0}, {"Records": 3_000.0}),  # nobody does anything, the old version neither
        ("ingest", {}, INGEST_BOTH),  # no invocation met the new version yet
        ("refresh", {**REFRESH_READS, "ProfilesUnchanged": 20.0}, REFRESH_BOTH),
        ("refresh", REFRESH_READS, {"Messages": 300.0}),  # mParticle is down for both
    ],
)
def test_no_alarm_takes_a_version_back_that_is_as_good_as_the_old_one(
    made: Synthesise, function: str, new: Sums, both: Sums
) -> None:
    assert {name for name in on(made("recommend"), of_both(new, both)) if name.startswith(function)} == set()


@pytest.mark.parametrize(
    ("name", "new", "both", "errors"),
    [
        ("ingest-errors", {}, INGEST_BOTH, 1),
        ("ingest-quarantine", {**INGEST_READS, "Accepted": 10.0, "Quarantined": 20.0}, INGEST_BOTH, 0),
        ("ingest-nothing-done", INGEST_READS, INGEST_BOTH, 0),
        ("refresh-errors", {}, REFRESH_BOTH, 1),
        ("refresh-quarantine", {**REFRESH_READS, "ProfilesUpdated": 9.0, "Quarantined": 21.0}, REFRESH_BOTH, 0),
        ("refresh-nothing-done", REFRESH_READS, REFRESH_BOTH, 0),
    ],
)
def test_an_alarm_takes_a_bad_version_back(made: Synthesise, name: str, new: Sums, both: Sums, errors: float) -> None:
    assert name in on(made("recommend"), of_both(new, both, errors))
    alarm = rollback_alarms(made("recommend"))[name]
    assert alarm.on(of_both(new, both, errors), START, END)[0] == START + MINUTE, "after its first minute"


def test_a_bug_of_the_old_version_stops_no_repair(made: Synthesise) -> None:
    spoils = {"Records": 300.0, "Accepted": 15.0, "Quarantined": 285.0}
    repaired = {**INGEST_READS, "Accepted": 30.0}

    assert {name for name in on(made("recommend"), of_both(repaired, spoils)) if name.startswith("ingest")} == set()
