"""The map over history: nothing of it unless it is switched on, and then no further open than it must be."""

import json
from typing import Any

import pytest
from broker.interactions import Rules

from history_jobs.map_function import MapTasks
from history_jobs.s3_storage import S3Storage
from infra.settings import SettingsError, read_settings
from personalize_data.exports.settings import Conversion
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import CDK_JSON, Synthesised
from tests.infra.test_archive import end

ON = {"broker:history_exports": "s3://shop-exports/mparticle/"}


def allowed(synthesised: Synthesised, role: str) -> set[tuple[str, str]]:
    """Return the actions of a role, each with the end of what it is allowed on."""
    found = set()
    for statement in synthesised.statements(role):
        for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
            resources = statement["Resource"]
            for resource in resources if isinstance(resources, list) else [resources]:
                joined = resource.get("Fn::Join", ["", [""]])[1]
                found.add((action, str(joined[-1]).rpartition(":")[2] if "Fn::Join" in resource else end(resource)))
    return found


def definition(synthesised: Synthesised) -> dict[str, Any]:
    """Return the state machine; a reference of CloudFormation reads as ``*``."""
    text = synthesised.properties("StepFunctions::StateMachine")["DefinitionString"]["Fn::Join"][1]
    machine: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "*" for part in text))
    return machine


def test_it_is_off_by_default_and_changes_nothing_else(made: Synthesise) -> None:
    without, with_map = made("collect").template["Resources"], made("collect", ON).template["Resources"]
    assert [id for id in without if id.startswith("History")] == []
    assert {id for id in with_map if id not in without and not id.startswith("History")} == set()
    assert {id for id in without if without[id] != with_map[id]} == set()


def test_each_part_of_the_list_goes_to_the_function_and_then_all_are_added_up(made: Synthesise) -> None:
    states = definition(made("collect", ON))["States"]
    (part,) = states["Convert"]["ItemProcessor"]["States"].values()

    assert states["List"]["Parameters"]["Payload"] == {"task": "list"}
    assert states["Convert"]["ItemReader"]["Parameters"]["Key"] == "imports/history/parts.json"
    assert states["Convert"]["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert part["Parameters"]["Payload.$"] == "$"
    assert states[states["Convert"]["Next"]]["Parameters"]["Payload"] == {"task": "add_up"}
    assert all("Retry" in state for state in (states["List"], part, states["Add up"]))


def test_function_and_machine_may_what_they_do(made: Synthesise) -> None:
    synthesised = made("collect", ON)
    function = {pair for pair in allowed(synthesised, "HistoryConvert") if not pair[0].startswith("logs:")}

    assert function == {
        *(("s3:ListBucket", bucket) for bucket in ("shop-exports", "ImportsBucket")),
        ("s3:GetObject", "shop-exports/mparticle/*"),
        *((f"s3:{action}", "/imports/history/*") for action in ("GetObject", "PutObject", "AbortMultipartUpload")),
    }
    machine = allowed(synthesised, "HistoryRole")
    assert {action for action, _ in machine} == {
        "lambda:InvokeFunction",
        *("s3:GetObject", "s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"),
        *("states:StartExecution", "states:DescribeExecution", "states:StopExecution"),
    }
    assert ("s3:GetObject", "/imports/history/parts.json") in machine


def test_the_function_finds_the_rules_of_the_stream_in_its_environment(made: Synthesise) -> None:
    renamed = ON | {"broker:event_types": "purchase:Buy"}
    function = made("collect", renamed).the("Lambda::Function", "HistoryConvert")["Properties"]
    variables = function["Environment"]["Variables"]
    tasks = MapTasks(
        S3Storage(None, "", variables["FOLDER"]), variables["EXPORTS"], json.loads(variables["CONVERSION"]), 1
    )

    rules = Conversion.from_json(tasks.conversion).rules
    assert rules.event_types == {"purchase": "Buy"}
    assert rules.environment == Rules().environment
    assert (variables["EXPORTS"], function["Handler"]) == (
        ON["broker:history_exports"],
        "history_jobs.map_function.handler",
    )


def test_it_does_not_bring_users_back_whom_the_suppression_list_names() -> None:
    with pytest.raises(SettingsError, match="does not know the suppression list"):
        read_settings(CDK_JSON["context"] | ON | {"broker:suppression_list": True})
