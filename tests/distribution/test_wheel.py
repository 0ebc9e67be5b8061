"""The wheel installs one package, which needs nothing else of this project."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from tests.distribution.conftest import Installed
from tests.real_data import ROOT

PROJECT = tomllib.loads((ROOT / "distribution/pyproject.toml").read_text("utf-8"))["project"]
BESIDE = {"libraries.pth", "_virtualenv.py", "_virtualenv.pth", "__pycache__"}
IMPORT_ALL = """
import importlib, pkgutil, sys, personalize_local
for module in pkgutil.walk_packages(personalize_local.__path__, "personalize_local."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"faults", "personalize_rules", "recommender_models"}))
"""
SHOP_TEST = """
import boto3
import pytest

CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"

@pytest.fixture(scope="session")
def personalize_local_arguments():
    return ["--with-shop"]

def test_the_shop_recommends(personalize_local):
    runtime = boto3.client("personalize-runtime", **personalize_local.client_kwargs)
    columns = {"ITEMS": ["NAME"]}
    answer = runtime.get_recommendations(campaignArn=CAMPAIGN, userId="customer-7", metadataColumns=columns)
    assert len(answer["itemList"]) == 25
    assert all(entry["metadata"]["NAME"] for entry in answer["itemList"])
"""

pytestmark = pytest.mark.server


def test_the_version_is_the_projects() -> None:
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert PROJECT["version"] == whole["version"]


def test_only_the_one_package_is_installed(installed: Installed) -> None:
    ours = {path.name for path in installed.packages.iterdir()} - BESIDE
    assert ours == {"personalize_local", f"personalize_local-{PROJECT['version']}.dist-info"}
    assert (installed.packages / "personalize_local/py.typed").exists()
    assert (installed.packages.parents[2] / "bin/personalize-local").exists()


def test_every_module_is_importable_where_nothing_else_of_ours_is(installed: Installed) -> None:
    done = installed.run("-c", IMPORT_ALL)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def imported(path: Path) -> set[str]:
    """Return the top packages that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_what_it_imports_is_what_it_requires(installed: Installed) -> None:
    modules = [path for path in (installed.packages / "personalize_local").rglob("*.py") if "pytest" not in path.name]
    foreign = set().union(*map(imported, modules)) - sys.stdlib_module_names - {"personalize_local"}
    required = {requirement.partition(">=")[0] for requirement in PROJECT["dependencies"]}
    assert foreign == required - {"httptools"}, "httptools is uvicorn's, which loads it by name"


def test_the_pytest_plugin_starts_a_shop_that_recommends(installed: Installed) -> None:
    (installed.elsewhere / "test_shop.py").write_text(SHOP_TEST)
    done = installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_command_says_what_it_is(installed: Installed) -> None:
    done = installed.run(str(installed.packages.parents[2] / "bin/personalize-local"), "--help")
    assert done.stdout.startswith("usage: personalize-local "), done.stderr
