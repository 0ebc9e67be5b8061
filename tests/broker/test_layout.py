"""What the product's modules may import and touch: the cut between data and systems, kept by a test."""

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.real_data import ROOT

SOURCE = ROOT / "lambda_src"
MODULES = sorted((SOURCE / "broker").rglob("*.py"))
PURE = [
    "batch", "consent", "documents", "experiment", "impressions", "interactions", "item_columns", "json_values",
    "keyed_hash", "kpl", "metadata.columns", "metadata.sightings", "metadata.state",
    "metric_names", "outcomes", "product_lines", "profile", "reasons", "recommendation_ids",
    "recommendations", "rewind_plan", "shapes", "suppression", "users", "values.amounts", "values.ids", "values.times",
    "view_sample",
]  # fmt: skip
# Nothing of these reads a file, a clock, the environment or the network.
HARMLESS = {
    "base64", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib", "hmac", "itertools", "json",
    "math", "re", "typing", "uuid", "zlib",
}  # fmt: skip
IN_THE_ZIP_OR_THE_RUNTIME = {"aws_lambda_powertools", "boto3", "botocore", "requests", "broker"}

# Runs in a process of its own, since this one has long imported everything.
IMPORT_AND_TELL = """
import json, os, sys

class Told(dict):
    asked = []
    def __getitem__(self, name): self.asked.append(name); return super().__getitem__(name)
    def get(self, name, default=None): self.asked.append(name); return super().get(name, default)
    def __contains__(self, name): self.asked.append(name); return super().__contains__(name)

connections, os.environ = [], Told(os.environ)
sys.addaudithook(lambda name, arguments: name in ("socket.connect", "socket.getaddrinfo") and connections.append(name))
import boto3, aws_lambda_powertools, aws_lambda_powertools.metrics
Told.asked.clear()
import broker.ingest
after_ingest = sorted(sys.modules)
import broker.refresh
print(json.dumps({"ingest": after_ingest, "environment": Told.asked, "connections": connections,
                  "session": boto3.DEFAULT_SESSION is not None}))
"""


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it: dotted, absolute."""
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in inside if name.startswith("broker.") and path_of(name).exists()} or {
                node.module or ""
            }
    return found


def path_of(name: str) -> Path:
    """Return the file of one of our modules by its dotted name."""
    return SOURCE / f"{name.replace('.', '/')}.py"


def ours(path: Path) -> set[str]:
    return {name.removeprefix("broker.") for name in imports(path) if name.startswith("broker.")}


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    command = [sys.executable, "-c", IMPORT_AND_TELL]
    done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, timeout=300, check=True)  # noqa: S603
    told: dict[str, list[str]] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("name", PURE)
def test_a_data_module_imports_only_what_is_pure(name: str) -> None:
    path = path_of(f"broker.{name}")
    assert ours(path) <= set(PURE)
    assert {module.partition(".")[0] for module in imports(path)} <= HARMLESS | {"broker"}


@pytest.mark.parametrize("name", PURE)
def test_a_data_module_calls_nothing_of_the_outside_world_by_name(name: str) -> None:
    tree = ast.parse(path_of(f"broker.{name}").read_bytes())
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    called |= {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert called & {"open", "print", "input", "exec", "eval", "__import__", "uuid.uuid1", "uuid.uuid4"} == set()


def test_there_are_no_import_circles() -> None:
    graph = {".".join(path.relative_to(SOURCE / "broker").with_suffix("").parts): ours(path) for path in MODULES}
    assert graph["ingest"], "there is something to find"
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_the_product_imports_nothing_of_the_local_twin_the_command_line_or_the_tests() -> None:
    outside = {module.partition(".")[0] for path in SOURCE.rglob("*.py") for module in imports(path)}
    assert outside <= set(sys.stdlib_module_names) | IN_THE_ZIP_OR_THE_RUNTIME


def test_the_environment_is_read_in_one_place() -> None:
    lines = [line for path in SOURCE.rglob("*.py") for line in path.read_text("utf-8").splitlines()]
    assert sum(line.count("environ[") + line.count("os.environ") + line.count("getenv") for line in lines) == 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_opens_with_a_sentence_that_says_what_it_knows(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_bytes()))
    assert docstring
    assert docstring.partition("\n")[0].strip().endswith((".", ":", ";", ","))


def test_ingest_does_without_what_only_refresh_needs_and_without_tracing(imported: dict[str, list[str]]) -> None:
    assert "boto3" in imported["ingest"]
    assert {"requests", "aws_xray_sdk", "broker.mparticle"} & set(imported["ingest"]) == set()


def test_importing_the_functions_connects_to_nothing_makes_no_client_and_reads_no_environment(
    imported: dict[str, list[str]],
) -> None:
    assert imported["connections"] == []
    assert not imported["session"], "boto3.client makes the default session"
    assert [name for name in imported["environment"] if not name.startswith("POWERTOOLS_")] == []
