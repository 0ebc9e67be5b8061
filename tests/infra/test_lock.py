"""What is deployed is what is locked, and no lock names a registry."""

import json
import re
import tomllib

from infra.paths import LAMBDA_SRC, LOCKED_REQUIREMENTS, ROOT


def pins(text: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))


def test_the_functions_libraries_have_the_versions_that_the_tests_ran_with() -> None:
    everything, deployed = pins((ROOT / "requirements.txt").read_text()), pins(LOCKED_REQUIREMENTS.read_text())
    wanted = {line for line in (LAMBDA_SRC / "requirements.txt").read_text().split("\n") if line and line[0] != "#"}

    assert wanted <= deployed.keys()
    assert {name: everything.get(name) for name in deployed} == deployed
    assert "boto3" not in deployed


def test_every_pin_carries_hashes() -> None:
    text = LOCKED_REQUIREMENTS.read_text()

    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:])


def test_the_cdk_command_line_is_one_exact_version() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]

    assert re.fullmatch(r"2\.\d+\.\d+", wanted)
    assert locked["version"] == wanted
    assert locked["integrity"].startswith("sha512-")


def test_no_lock_names_a_registry() -> None:
    locks = ["requirements.txt", "package-lock.json", "infra/lambda_requirements.txt", "tests/deploy/requirements.txt"]
    locks += ["docs_site/requirements.txt"]

    for lock in locks:
        text = (ROOT / lock).read_text()
        assert "://" not in text, lock
        assert "resolved" not in text, lock


def test_the_stack_needs_no_package_of_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert any(one.startswith("aws-cdk-lib==") for one in project)


def test_the_tools_that_make_runs_in_environments_apart_are_exact_versions() -> None:
    makefile = (ROOT / "Makefile").read_text()
    tools = re.findall(r"\$\(TOOL\)(?: --from)? ([\w-]+)(\S*)", makefile)

    assert [name for name, _ in tools] == ["cyclonedx-bom", "pip-audit"]
    assert all(re.fullmatch(r"==\d+\.\d+\.\d+", version) for _, version in tools)


def test_what_is_deployed_has_a_bill_of_materials_and_is_audited() -> None:
    makefile = (ROOT / "Makefile").read_text()
    sbom, audit = (
        re.search(rf"^{target}: setup\n((?:\t.*\n)+)", makefile, re.MULTILINE) for target in ("sbom", "audit")
    )

    for recipe in (sbom, audit):
        assert recipe
        assert {"infra/lambda_requirements.txt", "requirements.txt"} <= set(re.findall(r"\S+\.txt", recipe[1]))
