"""Which package may import which: the directions of the layout, and that no module needs itself."""

import ast
import functools
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.real_data import ROOT

# Ground floor first. ``broker`` is lambda_src/broker, the product.
ALLOWED = {
    "broker": set(),
    "blueprint": {"broker"},
    "faults": set(),
    "personalize_rules": set(),
    "recommender_models": set(),
    "personalize_data": {"broker"},
    "personalize_local": {"faults", "personalize_rules", "recommender_models"},
    "evaluation": {"personalize_data", "recommender_models"},
    "experiments": {"broker", "personalize_data"},
    "history_jobs": {"broker", "personalize_data"},
    "lifecycle": {"broker", "personalize_data", "personalize_rules"},
    "replay": {"blueprint", "broker"},
    "diagnosis": {"broker", "lifecycle"},
    "seeding": {"broker", "lifecycle", "personalize_data"},
    "infra": {"blueprint", "broker", "history_jobs", "lifecycle", "personalize_data", "personalize_rules"},
    "local_stack": {"blueprint", "broker", "faults", "lifecycle", "personalize_local"},
    "shop": {
        "blueprint",
        "broker",
        "experiments",
        "infra",
        "lifecycle",
        "local_stack",
        "personalize_data",
        "personalize_local",
    },
}
OWN = {*ALLOWED, "app", "bench", "cli", "distribution", "docs_site", "tests"}
LIBRARIES = {
    "faults": {"starlette"},
    "personalize_rules": {"lark"},
    "recommender_models": {"numpy", "scipy"},
    "history_jobs": {"boto3", "pyarrow", "pyspark"},
    "personalize_local": {"botocore", "numpy", "pytest", "scipy", "starlette", "uvicorn"},
}
WITHOUT_SERVICES = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"starlette", "lark", "moto", "uvicorn", "personalize_local", "local_stack"}:
            raise ModuleNotFoundError(f"blocked: {name}")

sys.meta_path.insert(0, Blocked())
import evaluation.run
import personalize_data.prepare.pipeline
print("imported")
"""


def folder_of(package: str) -> Path:
    return ROOT / "lambda_src" / package if package == "broker" else ROOT / package


def modules(package: str) -> dict[str, Path]:
    """Return a package's modules by dotted name."""
    folder = folder_of(package)
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def imported(name: str, path: Path) -> set[str]:
    """Return all that a module imports anywhere in it, dotted; ``from a import b`` gives ``a`` and ``a.b``."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    found = modules(package)
    assert len(found) > 3
    reached = {name: {one.partition(".")[0] for one in imported(name, path)} & OWN for name, path in found.items()}
    wrong = {name: tops - ALLOWED[package] - {package} for name, tops in reached.items()}
    assert {name: tops for name, tops in wrong.items() if tops} == {}


@pytest.mark.parametrize("package", LIBRARIES)
def test_a_package_needs_only_the_libraries_it_is_meant_to_need(package: str) -> None:
    known = LIBRARIES[package] | ALLOWED[package] | {package} | sys.stdlib_module_names
    found = modules(package).items()
    foreign = {name: {one.partition(".")[0] for one in imported(name, path)} - known for name, path in found}
    assert {name: tops for name, tops in foreign.items() if tops} == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    everything = {name: path for package in [*ALLOWED, "cli"] for name, path in modules(package).items()}
    graph = {name: (imported(name, path) & everything.keys()) - {name} for name, path in everything.items()}
    # A package stands for what its __init__ imports; its own modules import it without asking it for anything.
    graph = {name: {one for one in ones if not name.startswith(f"{one}.")} for name, ones in graph.items()}
    assert graph["evaluation.run"], "there is something to find"
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.server
def test_evaluation_and_preparation_need_no_local_service() -> None:
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", WITHOUT_SERVICES],
        cwd=ROOT,
        env={"PYTHONPATH": ".:lambda_src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("imported", 0), done.stderr
