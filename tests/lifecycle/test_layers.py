"""History knows files, the lifecycle knows the service; neither knows commands, stack or twin, which build on them."""

import ast
from pathlib import Path

import pytest

from tests.loop.clone import ROOT

ALLOWED = {"history": {"history", "broker"}, "lifecycle": {"lifecycle"}}
OWN = {"cli", "infra", "local", "blueprint", "personalize_local", "history", "lifecycle", "broker", "tests"}


def imported(path: Path) -> set[str]:
    """Return the packages of this project that a module imports."""
    tree = ast.walk(ast.parse(path.read_text()))
    modules = [
        name
        for node in tree
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    return {module.partition(".")[0] for module in modules} & OWN


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    found = {path.name: imported(path) for path in (ROOT / package).glob("*.py")}

    assert len(found) > 5
    assert {name: names - ALLOWED[package] for name, names in found.items() if names - ALLOWED[package]} == {}
