"""The examples: stacks of one account have no name in common, and pipelines are what GitHub and GitLab accept."""

import itertools
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.mparticle import EXAMPLE_ORGANISATION
from infra.paths import ROOT
from infra.settings import Settings, read_settings
from tests.infra.conftest import Synthesise
from tests.infra.conftest import made as made
from tests.infra.synthesis import CDK_JSON

EXAMPLES = ROOT / "examples"
PIPELINE = EXAMPLES / "pipeline"
REGIONS = {"eu": "eu-central-1"}  # by the name of the file; all others go to us-east-1
FOLDERS = ("two_brands", "two_regions", "development_and_production")
FILES = sorted(EXAMPLES.glob("*/*.settings"))
NAMES = re.compile(r"(Role|Policy|Alarm|Dashboard|Function|Queue|Topic|Table|Bucket|LogGroup|Group)?Name")
WORKFLOW, GITLAB = PIPELINE / "github-actions.yml", PIPELINE / "gitlab-ci.yml"


def options(file: Path) -> dict[str, str]:
    """Return a file's settings as cdk's command line reads them."""
    words = shlex.split(file.read_text())
    assert words[::2] == ["-c"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def region(file: Path) -> str:
    return REGIONS.get(file.stem, "us-east-1")


def settings(file: Path) -> Settings:
    return read_settings(CDK_JSON["context"] | options(file), None, ROOT, region(file))


def names(file: Path, made: Synthesise) -> Iterator[tuple[str, ...]]:
    """Yield what a stack calls its resources, each with where it has to be the only one of its name."""
    found = settings(file)
    yield region(file), "stack", found.name
    template = made(found.stage.value, {"broker:alarm_email": "", "broker:filter_expression": ""} | options(file))
    for resource in template.template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Alias":  # the name is its function's
            continue
        scope = "account" if resource["Type"].startswith("AWS::IAM") else region(file)
        for key, value in resource["Properties"].items():
            if NAMES.fullmatch(key) and isinstance(value, str):
                yield scope, resource["Type"], value


def test_every_folder_of_stacks_is_looked_at() -> None:
    assert {file.parent.name for file in FILES} == set(FOLDERS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_settings_of_every_example_are_valid_and_could_be_deployed(file: Path) -> None:
    found = settings(file)

    assert found.mparticle.organisation != EXAMPLE_ORGANISATION
    assert found.stage.value == "collect" or found.receivers.topic_regions


@pytest.mark.parametrize("folder", FOLDERS)
def test_two_stacks_of_an_account_share_no_name(folder: str, made: Synthesise) -> None:
    stacks = {file.stem: set(names(file, made)) for file in FILES if file.parent.name == folder}
    assert len(stacks) == 2
    for (one, these), (other, those) in itertools.combinations(stacks.items(), 2):
        assert these & those == set(), (one, other)
        assert len(these) > 10, "the names are found"


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_stack_creates_mparticles_role_and_it_trusts_the_principals_of_both(folder: str) -> None:
    found = [settings(file) for file in FILES if file.parent.name == folder]
    (creator,) = [one.mparticle for one in found if not one.mparticle.role_exists]

    assert {principal for one in found for principal in one.mparticle.principals} == set(creator.principals)
    assert len({one.mparticle.organisation for one in found}) == 1


def test_make_passes_the_file_before_the_context_and_refuses_one_that_is_not_there() -> None:
    def dry_run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--dry-run", "synth", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own

    done = dry_run("SETTINGS=examples/two_brands/garden.settings", "CONTEXT=-c broker:name=mine")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("./cdk synth")]
    assert re.findall(r"broker:name=(\S+)", line) == ["garden-broker", "mine"]
    missing = dry_run("SETTINGS=no-such-file")
    assert (missing.returncode, "no-such-file: there is no such file" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("schema", "file"), [("vendor.github-workflows", WORKFLOW), ("vendor.gitlab-ci", GITLAB)], ids=["github", "gitlab"]
)
def test_a_pipeline_is_what_its_system_accepts(schema: str, file: Path, tmp_path: Path) -> None:
    def check(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a linter

    done = check(file)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / "broken.yml"
    broken.write_text(file.read_text().replace("runs-on:", "runs-ons:").replace("script:", "scripts:"))
    assert check(broken).returncode == 1


def jobs() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    return found


def test_every_action_is_pinned_by_commit_with_its_version_beside_it() -> None:
    used = re.findall(r"uses: (.*)", WORKFLOW.read_text())
    assert len(used) >= 8
    assert [line for line in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_no_job_has_more_rights_than_it_needs_and_none_has_keys() -> None:
    rights = {name: job["permissions"] for name, job in jobs().items()}

    assert yaml.safe_load(WORKFLOW.read_text())["permissions"] == {"contents": "read"}
    assert [name for name, one in rights.items() if one.get("contents") == "write"] == ["remember"]
    assert "id-token" not in rights["remember"]
    assert all(set(one) <= {"contents", "id-token"} for one in rights.values())
    for file in (WORKFLOW, GITLAB):
        assert not re.search(r"secrets\.|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)", file.read_text())


def test_what_is_deployed_was_approved_and_a_failure_rolls_back() -> None:
    github, gitlab = jobs(), yaml.safe_load(GITLAB.read_text())

    assert (github["deploy"]["needs"], github["deploy"]["environment"]) == ("diff", "production")
    assert github["roll_back"]["if"] == "${{ failure() && needs.diff.result == 'success' }}"
    assert gitlab["deploy"]["when"] == "manual"
    assert gitlab["stages"] == ["diff", "deploy", "verify"]


def test_the_settings_that_a_pipeline_names_are_a_file() -> None:
    named = [yaml.safe_load(WORKFLOW.read_text())["env"]["SETTINGS"]]
    named.append(yaml.safe_load(GITLAB.read_text())["variables"]["SETTINGS"])

    assert all((ROOT / name).is_file() for name in named)


def test_the_roles_are_a_template_without_a_fault() -> None:
    from cfnlint.api import lint_file  # takes seconds to load

    assert lint_file(PIPELINE / "roles.yml") == []


def test_every_link_of_the_examples_leads_somewhere() -> None:
    for page in (EXAMPLES / "README.md", PIPELINE / "README.md"):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), link
