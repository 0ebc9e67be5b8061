"""`./broker outputs`: what it says of a stack on AWS, and that a shell takes what it prints, whatever a value holds."""

import json
import subprocess
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cli.__main__ import main
from cli.connection import Target
from cli.outputs import _outputs, export, variable
from lifecycle.names import Names
from tests.cli.test_connection import Cloud
from tests.json_numbers import rounded

NASTY = 'it\'s $(touch x) `touch y` "z"\n; touch a'
LOCAL = {
    "AWS_ENDPOINT_URL_PERSONALIZE": "http://127.0.0.1:9",
    "BROKER_NAME": "shop",
    "QUARANTINE_BUCKET": "shop-quarantine",
    "STATE_TABLE": "shop-state",
}


def in_shell(tmp_path: Any, script: str, printed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own words
        ["/bin/sh", "-c", f'eval "$1" && {script}', "sh", printed],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("QuarantineBucket", "QUARANTINE_BUCKET"),
        ("MParticleSecretArn", "MPARTICLE_SECRET_ARN"),
        ("DeadLettersUrl", "DEAD_LETTERS_URL"),
        ("Stage", "STAGE"),
    ],
)
def test_a_variable_is_the_outputs_name_in_capitals(output: str, name: str) -> None:
    assert variable(output) == name


def test_a_shell_gets_every_value_as_it_is_and_runs_none_of_it(tmp_path: Any) -> None:
    done = in_shell(tmp_path, 'printf %s "$QUARANTINE_BUCKET"', export({"QuarantineBucket": NASTY}))

    assert (done.returncode, done.stdout, done.stderr) == (0, NASTY, "")
    assert list(tmp_path.iterdir()) == []


def test_what_another_stack_left_in_the_shell_goes(tmp_path: Any) -> None:
    printed = export({"QuarantineBucket": "q", "SolutionArn": "s"}) + export(
        {"QuarantineBucket": "q", "Stage": "collect"}
    )

    done = in_shell(tmp_path, 'echo "${SOLUTION_ARN-gone} ${STAGE-unset} $QUARANTINE_BUCKET"', printed)
    assert done.stdout == "gone unset q\n"


def test_on_aws_they_are_the_outputs_of_the_stack() -> None:
    outputs = {"Stage": "collect", "QuarantineBucket": "q"}

    assert _outputs(Target(Names("shop"), Cloud(outputs).client, None)) == outputs


def test_without_a_stack_the_message_says_what_to_do() -> None:
    with pytest.raises(click.ClickException, match="no stack shop is deployed here: make deploy, or name another"):
        _outputs(Target(Names("shop"), Cloud().client, None))


def test_locally_they_are_what_the_running_stack_exported() -> None:
    said = json.loads(CliRunner(env=LOCAL).invoke(main, ["outputs", "--json"]).stdout)

    assert (said["stack"], said["place"]) == ("shop", "local")
    assert said["variables"] == {"QUARANTINE_BUCKET": "shop-quarantine", "STATE_TABLE": "shop-state"}
    assert rounded(said) == []
    table = CliRunner(env=LOCAL | {"COLUMNS": "120"}).invoke(main, ["outputs"]).stdout
    assert "$QUARANTINE_BUCKET" in table


def test_where_it_fails_the_shell_fails_too(tmp_path: Any) -> None:
    alone = {name: value for name, value in LOCAL.items() if name.startswith(("AWS", "BROKER"))}
    result = CliRunner(env=alone).invoke(main, ["outputs", "--export"])

    assert result.exit_code == 1
    assert "has no stack" in result.stderr
    assert in_shell(tmp_path, "echo went on", result.stdout).returncode != 0


def test_a_program_and_a_shell_can_not_both_be_served() -> None:
    assert CliRunner(env=LOCAL).invoke(main, ["outputs", "--export", "--json"]).exit_code == 2
