"""The ledger can be wrong only on its own account: no line of it is the broker's."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROKER = {"broker", "lambda_src"}


@pytest.mark.parametrize("folder", ["local_stack/audit", "tests/real_data"])
def test_ledger_and_converters_use_nothing_of_the_broker(folder: str) -> None:
    files = [file for file in (ROOT / folder).glob("*.py") if not file.name.startswith("test_")]
    assert len(files) >= 3
    reached = everything_imported(files)
    assert "json" in reached
    assert not {name for name in reached if name.split(".")[0] in BROKER}
    assert "importlib" not in reached


def everything_imported(files: list[Path]) -> set[str]:
    """Return the names of all modules that are imported somewhere in the files, or in what of ours these import."""
    reached: set[str] = set()
    waiting = list(files)
    while waiting:
        for name in imports(waiting.pop()) - reached:
            reached.add(name)
            waiting += source_of(name)
    return reached


def imports(file: Path) -> set[str]:
    """Return the modules that a file names, those of ``from package import module`` included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively: follow that here"
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def source_of(name: str) -> list[Path]:
    path = ROOT.joinpath(*name.split("."))
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
