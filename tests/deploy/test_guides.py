"""The guides for operators leave nothing out: each alarm has its section, each setting its line; their code works."""

import importlib
import json
import re
import shlex

from infra.paths import ROOT
from infra.settings import PREFIX
from tests.infra.conftest import Synthesise
from tests.infra.conftest import made as made

DEPLOY, RUNBOOK, PRIVACY = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("deploy", "runbook", "privacy"))


def test_every_alarm_has_a_section_of_its_name_in_the_runbook_and_every_such_section_an_alarm(made: Synthesise) -> None:
    alarms = [alarm["Properties"]["AlarmName"] for alarm in made("recommend").of_type("CloudWatch::Alarm").values()]

    assert sorted(re.findall(r"^## `(.+)`$", RUNBOOK, re.MULTILINE)) == sorted(alarms)


def test_every_output_that_a_guide_names_is_one_of_the_stacks(made: Synthesise) -> None:
    outputs = made("recommend").template["Outputs"]
    named = re.findall(r"outputs? `(\w+)`", DEPLOY + RUNBOOK + PRIVACY)

    assert len(named) >= 10
    assert set(named) <= set(outputs)


def test_every_setting_of_cdk_json_has_its_line_in_the_deployment_guide_and_every_such_line_a_setting() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    settings = [key for key in context if key.startswith(PREFIX)]

    assert re.findall(rf"^\| `({PREFIX}\w+)`", DEPLOY, re.MULTILINE) == settings


def test_every_link_of_a_guide_leads_somewhere() -> None:
    for text in (DEPLOY, RUNBOOK, PRIVACY):
        headings = {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        for link in re.findall(r"\]\(([^)]+)\)", text):
            if link.startswith("https://"):
                continue
            path, _, heading = link.partition("#")
            assert (ROOT / "docs" / path).exists() if path else heading in headings, link


def test_every_command_of_a_guide_is_one_that_there_is_with_options_that_it_has() -> None:
    lines = re.findall(r"^\./broker (replay|forget|secret) ?([^#\n]*)", DEPLOY + RUNBOOK + PRIVACY, re.MULTILINE)
    assert len(lines) >= 9
    for name, arguments in lines:
        importlib.import_module(f"cli.{name}").command.make_context(name, shlex.split(arguments))
