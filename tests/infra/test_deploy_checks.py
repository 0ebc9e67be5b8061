"""Going forward only when the next stage can work, back only when confirmed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy_checks import DeployedStack, SynthesisedStack, look_at, main, problems, read_assembly, warnings
from infra.settings import Stage
from lifecycle.counts import InteractionCounts
from tests.infra.conftest import Synthesise
from tests.infra.synthesis import GIVEN

COLLECT = SynthesisedStack("shop", Stage.COLLECT, is_example=False, trains=False, serves=False)
TRAIN = replace(COLLECT, stage=Stage.TRAIN, trains=True)
RECOMMEND = replace(TRAIN, stage=Stage.RECOMMEND, serves=True)
GIVEN_RECOMMEND = replace(COLLECT, stage=Stage.RECOMMEND)
PAUSED = replace(RECOMMEND, serves=False, paused=True)


@pytest.mark.parametrize(
    ("wanted", "deployed"),
    [
        (COLLECT, None),
        (COLLECT, DeployedStack(Stage.COLLECT)),
        (TRAIN, DeployedStack(Stage.COLLECT)),
        (TRAIN, DeployedStack(Stage.COLLECT, empty_secret="arn:secret")),
        (TRAIN, DeployedStack(Stage.COLLECT, counts=InteractionCounts(interactions=1_000))),
        (TRAIN, DeployedStack(Stage.TRAIN, counts=InteractionCounts(interactions=1))),
        (COLLECT, DeployedStack(Stage.COLLECT, counts=InteractionCounts(interactions=1))),
        (TRAIN, DeployedStack(Stage.TRAIN)),
        (RECOMMEND, DeployedStack(Stage.TRAIN, ("CREATE FAILED", "ACTIVE"))),
        (RECOMMEND, DeployedStack(Stage.RECOMMEND, ("ACTIVE", "CREATE IN_PROGRESS"))),
        (GIVEN_RECOMMEND, None),
        (GIVEN_RECOMMEND, DeployedStack(Stage.COLLECT)),
        (PAUSED, DeployedStack(Stage.RECOMMEND, ("ACTIVE",))),
    ],
)
def test_a_step_that_can_work_is_let_through(wanted: SynthesisedStack, deployed: DeployedStack | None) -> None:
    assert problems(wanted, deployed) == []


@pytest.mark.parametrize(
    ("wanted", "deployed", "message"),
    [
        (TRAIN, None, "begin with stage collect"),
        (RECOMMEND, None, "begin with stage collect"),
        (
            TRAIN,
            DeployedStack(Stage.COLLECT, counts=InteractionCounts(interactions=999)),
            "999 of 1,000 interactions to train on",
        ),
        (RECOMMEND, DeployedStack(Stage.COLLECT), "deploy stage train"),
        (RECOMMEND, DeployedStack(Stage.TRAIN), "wait for its first training"),
        (RECOMMEND, DeployedStack(Stage.TRAIN, ("CREATE IN_PROGRESS",)), "no ACTIVE solution version"),
        (TRAIN, DeployedStack(Stage.RECOMMEND, ("ACTIVE",)), "deletes the campaign and the refresh queues."),
        (COLLECT, DeployedStack(Stage.TRAIN), "deletes the solution with all its trained models."),
        (COLLECT, DeployedStack(Stage.RECOMMEND), "the campaign and the refresh queues and the solution"),
        (replace(TRAIN, is_example=True), None, "still the example"),
        (
            RECOMMEND,
            DeployedStack(Stage.TRAIN, ("ACTIVE",), "arn:secret"),
            "./broker secret --aws --secret-id arn:secret",
        ),
        (GIVEN_RECOMMEND, DeployedStack(Stage.COLLECT, empty_secret="arn:secret"), "mParticle's secret is empty"),
        (PAUSED, DeployedStack(Stage.TRAIN, ("ACTIVE",)), "shop is at stage train: set it to false"),
        (replace(GIVEN_RECOMMEND, paused=True), None, "shop is not deployed yet: set it to false"),
    ],
)
def test_a_step_that_cannot_work_or_loses_something_is_refused(
    wanted: SynthesisedStack, deployed: DeployedStack | None, message: str
) -> None:
    (problem,) = problems(wanted, deployed)

    assert message in problem


def test_a_hotfix_is_let_through_with_a_warning() -> None:
    serving = DeployedStack(Stage.RECOMMEND, ("ACTIVE",))

    assert problems(RECOMMEND, serving, "hotfix") == problems(RECOMMEND, serving) == []
    assert warnings(RECOMMEND) == []
    (warning,) = warnings(RECOMMEND, "hotfix")
    assert "no alarm rolls it back" in warning


def test_alarms_that_only_stop_a_deployment_are_not_ones_of_which_nobody_is_told(made: Synthesise) -> None:
    template = made("recommend").template
    silent = read_assembly(made("recommend").folder).unheard
    alarms = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]

    assert any("-rollback-" in alarm["AlarmName"] and "AlarmActions" not in alarm for alarm in alarms)
    assert silent == ()


def test_going_back_works_when_it_is_confirmed_by_its_name() -> None:
    assert problems(COLLECT, DeployedStack(Stage.RECOMMEND, ("ACTIVE",)), "downgrade") == []
    assert problems(COLLECT, DeployedStack(Stage.RECOMMEND, ("ACTIVE",)), "yes") != []


QUIET = {"unheard": ("shop-silence",)}


def test_the_last_stage_is_refused_while_nobody_is_told_of_alarms() -> None:
    (problem,) = problems(replace(RECOMMEND, **QUIET), DeployedStack(Stage.TRAIN, ("ACTIVE",)))
    (first,) = problems(replace(GIVEN_RECOMMEND, **QUIET), None)

    assert problem == first
    for setting in ("broker:alarm_email", "broker:alarm_topic_arn", "broker:page_topic_arn", "CONFIRM=silent"):
        assert setting in problem


@pytest.mark.parametrize("confirm", ["silent", "downgrade,silent", "silent downgrade", " downgrade, silent "])
def test_the_last_stage_goes_out_in_silence_when_that_is_confirmed(confirm: str) -> None:
    assert problems(replace(RECOMMEND, **QUIET), DeployedStack(Stage.TRAIN, ("ACTIVE",)), confirm) == []


@pytest.mark.parametrize("confirm", ["silent", "downgrade"])
def test_each_confirmation_confirms_its_own_only(confirm: str) -> None:
    back = problems(COLLECT, DeployedStack(Stage.RECOMMEND), confirm)
    quiet = problems(replace(RECOMMEND, **QUIET), DeployedStack(Stage.RECOMMEND, ("ACTIVE",)), confirm)

    assert (len(back), len(quiet)) == ((1, 0) if confirm == "silent" else (0, 1))
    assert all("CONFIRM=downgrade,silent" in problem for problem in back + quiet)  # what is confirmed already stays


def test_a_word_that_confirms_nothing_is_said() -> None:
    (problem,) = problems(COLLECT, None, "silnet")

    assert "CONFIRM=silnet confirms nothing: downgrade, silent, hotfix do" in problem


@pytest.mark.parametrize("wanted", [COLLECT, TRAIN])
def test_before_the_last_stage_silence_is_a_warning_unless_it_is_confirmed(wanted: SynthesisedStack) -> None:
    quiet = replace(wanted, **QUIET)
    (warning,) = warnings(quiet)

    assert "broker:alarm_email" in warning
    assert problems(quiet, DeployedStack(Stage.COLLECT, counts=InteractionCounts(interactions=1_000))) == []
    assert warnings(quiet, "silent") == warnings(wanted) == warnings(replace(RECOMMEND, **QUIET)) == []


@pytest.mark.parametrize("stage", ["collect", "train", "recommend"])
def test_silence_is_read_from_what_was_synthesised(made: Synthesise, stage: str) -> None:
    quiet, told = (read_assembly(made(stage, {"broker:alarm_email": email}).folder) for email in ("", "a@example.com"))

    assert "personalize-broker-records-lost" in quiet.unheard
    assert "personalize-broker-on-failure-lost" not in quiet.unheard, "the page tells of it"
    assert told.unheard == ()
    assert bool(warnings(quiet)) is (stage != "recommend")
    assert bool(problems(quiet, DeployedStack(Stage(stage), ("ACTIVE",)))) is (stage == "recommend")


def test_a_topic_of_another_region_than_the_stacks_is_refused(
    made: Synthesise, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = "arn:aws:sns:eu-west-1:210987654321:alarms"
    answers = Aws(None)
    monkeypatch.setattr("boto3.Session.client", lambda _, service: answers.client(service))
    folder = str(made("collect", {"broker:alarm_topic_arn": topic}).folder)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert main([folder]) == 2
    assert f"Not deployed: {topic} is in eu-west-1, but the stack goes to us-east-1" in capsys.readouterr().err
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert main([folder]) == 0


def test_a_region_without_personalizes_resource_types_is_refused_before_anything_is_asked(
    made: Synthesise, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile names the region, so that synthesis does not know it."""
    monkeypatch.setattr("boto3.Session.region_name", "cn-north-1")
    answers = Aws(None)
    asked = list[str]()
    monkeypatch.setattr("boto3.Session.client", lambda _, service: asked.append(service) or answers.client(service))

    assert main([str(made("collect").folder)]) == 2
    assert "Not deployed: the stack goes to cn-north-1, where CloudFormation can't" in capsys.readouterr().err
    assert asked == []
    assert main([str(made("collect", GIVEN).folder)]) == 0  # creates nothing there


@pytest.mark.parametrize(
    ("stage", "trains", "serves"), [("collect", False, False), ("train", True, False), ("recommend", True, True)]
)
def test_what_is_wanted_is_read_from_what_was_synthesised(
    made: Synthesise, stage: str, trains: bool, serves: bool
) -> None:
    wanted = read_assembly(made(stage).folder)

    assert wanted == SynthesisedStack(
        "personalize-broker", Stage(stage), is_example=False, trains=trains, serves=serves
    )


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


SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop"


class Aws:
    """A stub of three services: one stack's outputs (None: no such stack), two pages of versions, one secret."""

    def __init__(self, outputs: dict[str, str] | None, *, refusal: str = "does not exist", value: bool = True) -> None:
        self._outputs, self._refusal, self._value = outputs, refusal, value

    def client(self, service: str) -> "Aws":
        assert service in {"cloudformation", "cloudwatch", "personalize", "secretsmanager"}
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self._outputs is None:
            message = f"Stack with id {StackName} {self._refusal}"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in self._outputs.items()]}]}

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        assert asked["Dimensions"] == [{"Name": "service", "Value": "shop-ingest"}]
        return {"Datapoints": [{"Sum": 600.0}, {"Sum": 300.0}]}

    def get_paginator(self, operation: str) -> "Aws":
        assert operation in {"list_solution_versions", "list_dataset_groups"}
        return self

    def paginate(self, solutionArn: str | None = None) -> Iterator[dict[str, Any]]:
        if solutionArn is None:
            yield {"datasetGroups": []}
            return
        assert solutionArn == "arn:solution"
        yield {"solutionVersions": [{"status": "CREATE FAILED"}]}
        yield {"solutionVersions": [{"status": "ACTIVE"}]}

    def describe_secret(self, SecretId: str) -> dict[str, Any]:
        assert SecretId == SECRET
        return {"VersionIdsToStages": {"1": ["AWSCURRENT"]}} if self._value else {}


COLLECTING = {"Stage": "collect", "MParticleSecretArn": SECRET, "IngestFunction": "shop-ingest"}
COUNTED = InteractionCounts(interactions=900, streamed=900, imported=0)
TRAINING = {"Stage": "train", "MParticleSecretArn": SECRET, "SolutionArn": "arn:solution"}


@pytest.mark.parametrize(
    ("aws", "deployed"),
    [
        (Aws(None), None),
        (Aws({}), None),
        (Aws(COLLECTING), DeployedStack(Stage.COLLECT, counts=COUNTED)),
        (Aws(COLLECTING, value=False), DeployedStack(Stage.COLLECT, empty_secret=SECRET, counts=COUNTED)),
        (Aws(TRAINING), DeployedStack(Stage.TRAIN, ("CREATE FAILED", "ACTIVE"))),
    ],
)
def test_what_is_deployed_is_what_the_stacks_outputs_say(aws: Aws, deployed: DeployedStack | None) -> None:
    assert look_at("shop", aws.client) == deployed


def test_a_refusal_of_aws_is_not_taken_for_nothing_deployed() -> None:
    with pytest.raises(ClientError):
        look_at("shop", Aws(None, refusal="may not be described by you").client)


def test_the_outputs_that_are_read_are_the_outputs_that_are_written(made: Synthesise) -> None:
    outputs = made("train").template["Outputs"]

    assert outputs["Stage"]["Value"] == "train"
    assert {"SolutionArn", "MParticleSecretArn", "IngestFunction", "ImportBucket"} <= set(outputs)
