"""`./broker pause` and `resume`: the file, the plan, and what is left in the file when a deployment fails."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import click
import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import CliRunner, Result

from cli import connection, deployed
from cli.__main__ import main
from cli.clear_lists import users_of
from cli.errors import Refused
from cli.pause import carry_out, is_done
from cli.pause_plan import PausePlan
from cli.settings_file import NotChanged, SettingsFile
from infra.cost.prices import EXAMPLE, read_prices
from infra.cost.traffic import Shop, traffic

CDK_JSON = connection.ROOT / "cdk.json"


def broker(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def plan(file: Path, *, paused: bool = True, **own: Any) -> PausePlan:
    settings = connection.settings((f"broker:paused={str(paused).lower()}", "broker:stage=recommend"))
    more = {"context": (), "confirm": "", "ask_nothing": False} | own
    return PausePlan(paused, settings, SettingsFile(file), traffic=traffic(Shop(), settings),
                     prices=read_prices(EXAMPLE), **more)  # fmt: skip


@pytest.fixture
def cdk_json(tmp_path: Path) -> Path:
    path = tmp_path / "cdk.json"
    path.write_text(CDK_JSON.read_text())
    return path


def test_one_line_of_cdk_json_changes_and_changes_back(cdk_json: Path) -> None:
    file, before = SettingsFile(cdk_json), cdk_json.read_text()
    file.write(file.changed("paused", True))
    lines = zip(before.splitlines(), cdk_json.read_text().splitlines(), strict=True)

    assert [(old, new) for old, new in lines if old != new] == [
        ('    "broker:paused": false,', '    "broker:paused": true,')
    ]
    assert file.changed("paused", False) == before


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('{"context": {"broker:paused":"off","a":1}}', '{"context": {"broker:paused":true,"a":1}}'),
        ('{\n  "context": {\n    "a": 1\n  }\n}', '{\n  "context": {\n    "broker:paused": true,\n    "a": 1\n  }\n}'),
    ],
)
def test_the_setting_is_changed_however_it_is_written_or_put_in(tmp_path: Path, text: str, changed: str) -> None:
    path = tmp_path / "cdk.json"
    path.write_text(text)
    assert SettingsFile(path).changed("paused", True) == changed


@pytest.mark.parametrize("text", ["{}", '{"note": "\\"broker:paused\\": 1", "broker:paused": 1, "context": {"a": 1}}'])
def test_where_it_would_change_something_else_nothing_is_changed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cdk.json"
    path.write_text(text)
    with pytest.raises(NotChanged, match="write it yourself"):
        SettingsFile(path).changed("paused", True)


def test_a_file_of_settings_gets_the_option_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "garden.settings"
    path.write_text("-c broker:name=garden\n-c broker:min_tps=2\n")
    file = SettingsFile(path)
    assert file.context() == ("broker:name=garden", "broker:min_tps=2")
    file.write(file.changed("paused", True))
    assert path.read_text() == "-c broker:name=garden\n-c broker:min_tps=2\n-c broker:paused=true\n"
    assert file.changed("paused", False) == "-c broker:name=garden\n-c broker:min_tps=2\n-c broker:paused=false\n"


@pytest.mark.parametrize(("verb", "becomes"), [("pause", "true"), ("resume", "false")])
def test_a_dry_run_says_the_price_before_and_after_and_changes_nothing(verb: str, becomes: str) -> None:
    before = CDK_JSON.read_bytes()
    result = broker(verb, "--dry-run", "--events-per-second", 1)

    assert result.exit_code == 0, result.output
    lines = {line.rsplit(maxsplit=2)[0].strip(): line.split()[-2:] for line in result.stdout.splitlines()}
    campaign = ["394.20", "0.00"] if verb == "pause" else ["0.00", "394.20"]
    assert lines["Personalize campaign"] == campaign
    totals = [float(value.replace(",", "")) for value in lines["all of the broker"]]
    assert abs(totals[0] - totals[1]) > 394
    assert f"broker:paused becomes {becomes} in cdk.json" in result.stdout
    assert "make --no-print-directory deploy STAGE=recommend" in result.stdout
    assert CDK_JSON.read_bytes() == before


def test_what_remains_by_the_hour_and_what_becomes_of_waiting_users_is_said() -> None:
    said = broker("pause", "--dry-run").stdout

    assert "By the hour remains: Kinesis stream 29.20." in said
    assert "wait for four days at most" in said
    assert "goes on training" in said


def test_the_deployment_has_what_was_given(cdk_json: Path, tmp_path: Path) -> None:
    context = ("broker:mparticle_principals=arn:aws:iam::1:role/a b", "broker:x=$y")
    command = plan(cdk_json, context=context, confirm="hotfix,silent", ask_nothing=True).command()
    assert command[:4] == ["make", "--no-print-directory", "deploy", "STAGE=recommend"]
    assert command[5:] == ["CONFIRM=hotfix,silent", "FLAGS=--require-approval=never"]
    (value,) = (word.removeprefix("CONTEXT=") for word in command if word.startswith("CONTEXT="))
    assert "$$y" in value  # make would expand a single one
    assert shlex.split(value.replace("$$", "$")) == ["-c", context[0], "-c", context[1]]
    of_file = plan(tmp_path / "garden.settings").command()
    assert of_file[4:] == [f"SETTINGS={tmp_path / 'garden.settings'}"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-c", "broker:paused=false"], "leave it out"),
        (["-c", "broker:name=other"], "--settings"),
        (["--settings", "nowhere.settings"], "No such file"),
    ],
)
def test_what_would_change_another_stack_or_nothing_is_wrong_use(arguments: list[str], message: str) -> None:
    result = broker("pause", "--dry-run", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_only_what_is_deployed_at_the_last_stage_can_be_paused(cdk_json: Path) -> None:
    pausing = plan(cdk_json)
    with pytest.raises(click.ClickException, match="no stack personalize-broker is deployed"):
        is_done(pausing, {})
    with pytest.raises(Refused, match="at stage train, which has no campaign"):
        is_done(pausing, {"Stage": "train"})
    assert not is_done(pausing, {"Stage": "recommend"})
    assert not is_done(pausing, {"Stage": "recommend", "Paused": "true"})  # the file says otherwise
    cdk_json.write_text(pausing.file.changed("paused", True))
    assert is_done(pausing, {"Stage": "recommend", "Paused": "true"})
    assert not is_done(plan(cdk_json, paused=False), {"Stage": "recommend", "Paused": "true"})


def test_a_command_that_asks_the_campaign_is_refused_while_there_is_none() -> None:
    deployed.refuse_paused(cast("connection.Target", SimpleNamespace(outputs={"Stage": "recommend"})), "seed")
    paused = cast("connection.Target", SimpleNamespace(outputs={"Stage": "recommend", "Paused": "true"}))
    with pytest.raises(click.ClickException, match="resume, then seed"):
        deployed.refuse_paused(paused, "seed")


@pytest.mark.parametrize(
    ("code", "deployed", "stays"),
    [(0, {"Paused": "true"}, True), (1, {}, False), (1, {"Paused": "true"}, True)],
)
def test_the_setting_stays_where_the_stack_is_so(
    cdk_json: Path, code: int, deployed: Mapping[str, str], stays: bool
) -> None:
    pausing, seen = plan(cdk_json), []

    def deploy(command: list[str]) -> int:
        seen.append((command, json.loads(cdk_json.read_text())["context"]["broker:paused"]))
        return code

    if code:
        with pytest.raises(click.ClickException, match="exit code 1"):
            carry_out(pausing, lambda: deployed, deploy)
    else:
        carry_out(pausing, lambda: deployed, deploy)
    assert seen == [(pausing.command(), True)]
    assert json.loads(cdk_json.read_text())["context"]["broker:paused"] is stays


def test_where_aws_cannot_be_asked_afterwards_the_setting_stays_and_that_is_said(
    cdk_json: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable() -> Mapping[str, str]:
        raise EndpointConnectionError(endpoint_url="https://cloudformation")

    with pytest.raises(click.ClickException, match="exit code 2"):
        carry_out(plan(cdk_json), unreachable, lambda _: 2)
    assert json.loads(cdk_json.read_text())["context"]["broker:paused"] is True
    assert "broker:paused stays true in cdk.json" in capsys.readouterr().err


def test_interrupted_the_setting_is_that_of_the_stack_again(cdk_json: Path) -> None:
    def interrupted(command: list[str]) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(plan(cdk_json), dict, interrupted)
    assert cdk_json.read_text() == CDK_JSON.read_text()


def test_users_whose_lists_go_are_an_id_a_line_and_a_bad_file_is_said_before_anything_is_done(tmp_path: Path) -> None:
    path = tmp_path / "users.txt"
    path.write_text("USER_ID\n-12\n9007199254740993\n-12\n")
    assert users_of(path) == [-12, 9007199254740993]
    for text, problem in (("USER_ID\n", "names no user"), ("USER_ID\n-12\nc17\n", "c17 is no mParticle id")):
        path.write_text(text)
        result = broker("pause", "--dry-run", "--clear", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert problem in result.stderr
