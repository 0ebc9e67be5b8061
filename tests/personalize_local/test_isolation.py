"""personalize_local is a program of its own."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "personalize_local",
    "faults",
    "personalize_rules",
    "recommender_models",
    "botocore",
    "numpy",
    "pytest",
    "scipy",
    "starlette",
    "uvicorn",
}


def imported(source: str) -> set[str]:
    """Return the top-level packages that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used here"
            names.add((node.module or "").split(".")[0])
    return names


def test_it_imports_nothing_else_of_the_project() -> None:
    modules = list((ROOT / "personalize_local").rglob("*.py"))
    assert len(modules) > 10
    foreign = {str(path): imported(path.read_text()) - ALLOWED - sys.stdlib_module_names for path in modules}
    assert {path: names for path, names in foreign.items() if names} == {}


def test_its_cores_read_no_clock_and_no_random_numbers() -> None:
    shells = {"__main__.py", "app.py", "shell.py", "runner.py", "middleware.py", "parent.py", "journal.py"}
    shells |= {"one_write.py", "shop_data.py", "with_shop.py"}
    folders = ("personalize_local", "personalize_rules", "recommender_models", "faults")
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        if path.name not in shells:
            assert not imported(path.read_text()) & {"time", "random", "datetime", "socket", "os", "asyncio"}, path
