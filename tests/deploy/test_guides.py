"""The guides for operators leave nothing out: each alarm has its section, each setting its line; their code works."""

import importlib
import json
import re
import shlex

from cli.outputs import IN_BOTH, NO_VARIABLES, NOT_IN_EVERY_STACK, NOT_LOCAL, variable
from infra.paths import ROOT
from infra.settings import PREFIX
from tests.infra.conftest import Synthesise
from tests.infra.conftest import made as made
from tests.infra.synthesis import GIVEN

EVERYTHING = {  # all that is off by default
    "broker:suppression_list": True,
    "broker:rewind": True,
    "broker:archive": True,
    "broker:second_tracking_id": "99998888-7777-6666-5555-444433332222",
    "broker:experiment": '{"name": "autumn", "holdout": 10, "variants": {"a": {"weight": 1}}}',
    "broker:record_logs": True,
    "broker:impression_list": "recommendations",
    "broker:metric_attribution": True,
    "broker:items_schema": "examples/schemas/items.avsc",
    "broker:item_columns": '{"NAME": "name"}',
    "broker:why_principals": "arn:aws:iam::123456789012:role/support",
}
DEPLOY, RUNBOOK, PRIVACY = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("deploy", "runbook", "privacy"))

SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
EVAL = 'eval "$(./broker outputs --export)"'
LOCAL_SERVICES = {"AWS_ENDPOINT_URL", "MPARTICLE_URL"}  # in .local.env


def test_every_alarm_has_a_section_of_its_name_in_the_runbook_and_every_such_section_an_alarm(made: Synthesise) -> None:
    kinds = ("CloudWatch::Alarm", "CloudWatch::CompositeAlarm")
    found = [alarm for kind in kinds for alarm in made("recommend", EVERYTHING).of_type(kind).values()]
    named = (alarm["Properties"]["AlarmName"] for alarm in found)
    alarms = [name for name in named if "-rollback-" not in name]  # these tell whoever deploys: docs/upgrade.md

    assert sorted(re.findall(r"^## `(.+)`$", RUNBOOK, re.MULTILINE)) == sorted(alarms)


def test_every_output_that_a_guide_names_is_one_of_the_stacks(made: Synthesise) -> None:
    outputs = made("recommend", EVERYTHING).template["Outputs"]
    named = re.findall(r"outputs? `(\w+)`", DEPLOY + RUNBOOK + PRIVACY)

    assert len(named) >= 10
    assert set(named) <= set(outputs)


def test_every_output_has_a_variable_and_a_shell_keeps_none_of_another_stack(made: Synthesise) -> None:
    lacking = set(made("recommend").template["Outputs"]) - set(made("collect", GIVEN).template["Outputs"])
    stacks = made("recommend"), made("collect", GIVEN), made("recommend", {"broker:paused": True})
    every = {name for stack in stacks for name in stack.template["Outputs"]}

    assert lacking <= set(NOT_IN_EVERY_STACK)
    assert every == {*IN_BOTH, *NOT_LOCAL, *NOT_IN_EVERY_STACK, *NO_VARIABLES}


def test_every_variable_of_a_guide_is_set_in_it(made: Synthesise) -> None:
    outputs = {*map(variable, made("recommend", EVERYTHING).template["Outputs"])}
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text()
        used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)", "".join(SHELL.findall(text))))
        its_own = set(re.findall(r"\b([A-Z][A-Z0-9_]*)(?:=| in )", text))
        left = used - its_own - LOCAL_SERVICES

        assert left <= outputs, path.name
        assert not left or EVAL in text, path.name


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
    lines = re.findall(
        r"^\./broker (replay|forget|secret|outputs|rewind|seed) ?([^#\n]*)", DEPLOY + RUNBOOK + PRIVACY, re.MULTILINE
    )
    assert len(lines) >= 9
    for name, arguments in lines:
        importlib.import_module(f"cli.{name}").command.make_context(name, shlex.split(arguments))
