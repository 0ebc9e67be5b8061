"""Going forward only when the next stage can work, back only when confirmed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy_checks import Deployed, Wanted, look_at, main, problems, read_assembly
from infra.stage import Stage
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import GIVEN

COLLECT = Wanted("shop", Stage.COLLECT, is_example=False, trains=False, serves=False)
TRAIN = replace(COLLECT, stage=Stage.TRAIN, trains=True)
RECOMMEND = replace(TRAIN, stage=Stage.RECOMMEND, serves=True)
GIVEN_RECOMMEND = replace(COLLECT, stage=Stage.RECOMMEND)


@pytest.mark.parametrize(
    ("wanted", "deployed"),
    [
        (COLLECT, None),
        (COLLECT, Deployed(Stage.COLLECT)),
        (TRAIN, Deployed(Stage.COLLECT)),
        (TRAIN, Deployed(Stage.TRAIN)),
        (RECOMMEND, Deployed(Stage.TRAIN, ("CREATE FAILED", "ACTIVE"))),
        (RECOMMEND, Deployed(Stage.RECOMMEND, ("ACTIVE", "CREATE IN_PROGRESS"))),
        (GIVEN_RECOMMEND, None),
        (GIVEN_RECOMMEND, Deployed(Stage.COLLECT)),
    ],
)
def test_a_step_that_can_work_is_let_through(wanted: Wanted, deployed: Deployed | None) -> None:
    assert problems(wanted, deployed) == []


@pytest.mark.parametrize(
    ("wanted", "deployed", "message"),
    [
        (TRAIN, None, "begin with stage collect"),
        (RECOMMEND, None, "begin with stage collect"),
        (RECOMMEND, Deployed(Stage.COLLECT), "deploy stage train"),
        (RECOMMEND, Deployed(Stage.TRAIN), "wait for its first training"),
        (RECOMMEND, Deployed(Stage.TRAIN, ("CREATE IN_PROGRESS",)), "no ACTIVE solution version"),
        (TRAIN, Deployed(Stage.RECOMMEND, ("ACTIVE",)), "deletes the campaign and the refresh queue."),
        (COLLECT, Deployed(Stage.TRAIN), "deletes the solution with all its trained models."),
        (COLLECT, Deployed(Stage.RECOMMEND), "the campaign and the refresh queue and the solution"),
        (replace(TRAIN, is_example=True), None, "still the example"),
    ],
)
def test_a_step_that_cannot_work_or_loses_something_is_refused(
    wanted: Wanted, deployed: Deployed | None, message: str
) -> None:
    (problem,) = problems(wanted, deployed)

    assert message in problem


def test_going_back_works_when_it_is_confirmed_by_its_name() -> None:
    assert problems(COLLECT, Deployed(Stage.RECOMMEND, ("ACTIVE",)), "downgrade") == []
    assert problems(COLLECT, Deployed(Stage.RECOMMEND, ("ACTIVE",)), "yes") != []


@pytest.mark.parametrize(
    ("stage", "trains", "serves"), [("collect", False, False), ("train", True, False), ("recommend", True, True)]
)
def test_what_is_wanted_is_read_from_what_was_synthesised(
    made: Synthesise, stage: str, trains: bool, serves: bool
) -> None:
    wanted = read_assembly(made(stage).folder)

    assert wanted == Wanted("personalize-broker", Stage(stage), is_example=False, trains=trains, serves=serves)


def test_given_resources_and_the_example_are_seen(made: Synthesise) -> None:
    given = read_assembly(made("recommend", GIVEN).folder)
    example = read_assembly(made("collect", {"broker:mparticle_organisation": "0000000"}).folder)

    assert (given.trains, given.serves, given.stage) == (False, False, Stage.RECOMMEND)
    assert example.is_example


def test_the_example_is_refused_without_asking_aws(made: Synthesise, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made("collect", {"broker:mparticle_organisation": "0000000"}).folder

    assert main([str(folder)]) == 2
    assert "Not deployed: broker:mparticle_organisation is still the example" in capsys.readouterr().err


def test_aws_out_of_reach_is_one_message(
    made: Synthesise, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    assert main([str(made("collect").folder)]) == 2
    assert capsys.readouterr().err.startswith("Not deployed: could not ask AWS what is deployed:")


class CloudFormation:
    """A stub that knows one stack's outputs, or none."""

    def __init__(self, outputs: dict[str, str] | None, code: str = "ValidationError") -> None:
        self._outputs, self._code = outputs, code

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self._outputs is None:
            error = {"Code": self._code, "Message": f"Stack with id {StackName} does not exist"}
            if self._code != "ValidationError":
                error["Message"] = "not authorised"
            raise ClientError({"Error": error}, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in self._outputs.items()]}]}


class Personalize:
    """A stub with two pages of versions of one solution."""

    def get_paginator(self, operation: str) -> "Personalize":
        assert operation == "list_solution_versions"
        return self

    def paginate(self, solutionArn: str) -> Iterator[dict[str, Any]]:
        assert solutionArn == "arn:solution"
        yield {"solutionVersions": [{"status": "CREATE FAILED"}]}
        yield {"solutionVersions": [{"status": "ACTIVE"}]}


@pytest.mark.parametrize(
    ("outputs", "deployed"),
    [
        (None, None),
        ({}, None),
        ({"Stage": "collect"}, Deployed(Stage.COLLECT)),
        ({"Stage": "train", "SolutionArn": "arn:solution"}, Deployed(Stage.TRAIN, ("CREATE FAILED", "ACTIVE"))),
    ],
)
def test_what_is_deployed_is_what_the_stacks_outputs_say(
    outputs: dict[str, str] | None, deployed: Deployed | None
) -> None:
    assert look_at("shop", CloudFormation(outputs), Personalize()) == deployed


def test_a_refusal_of_aws_is_not_taken_for_nothing_deployed() -> None:
    with pytest.raises(ClientError):
        look_at("shop", CloudFormation(None, "AccessDenied"), Personalize())


def test_the_outputs_that_are_read_are_the_outputs_that_are_written(made: Synthesise, tmp_path: Path) -> None:
    outputs = json.loads(json.dumps(made("train").template))["Outputs"]

    assert outputs["Stage"]["Value"] == "train"
    assert "SolutionArn" in outputs
