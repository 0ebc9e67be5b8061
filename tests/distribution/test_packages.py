"""Packages that move under another one name their new place in every import."""

from pathlib import Path

import pytest

from distribution.errors import NotMovable
from distribution.packages import move, rewritten

HERE = Path("module.py")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from faults.rules import Rule\n", "from whole.faults.rules import Rule\n"),
        ("from faults import (\n    rules,\n)\n", "from whole.faults import (\n    rules,\n)\n"),
        ("def late():\n    from faults import rules\n", "def late():\n    from whole.faults import rules\n"),
        ("from faultsome import rules\n", "from faultsome import rules\n"),
        ("import json, os\n", "import json, os\n"),
        ('TEXT = """\nfrom faults import rules\n"""\n', 'TEXT = """\nfrom faults import rules\n"""\n'),
        ("from . import faults\n", "from . import faults\n"),
    ],
)
def test_an_import_of_a_moved_package_names_its_new_place(before: str, after: str) -> None:
    assert rewritten(before, ["faults"], "whole", HERE) == after


@pytest.mark.parametrize("line", ["import faults\n", "import json, faults.rules\n", "from  faults import rules\n"])
def test_an_import_that_cannot_be_rewritten_stops_the_build(line: str) -> None:
    with pytest.raises(NotMovable, match=r"module\.py, line 1"):
        rewritten(line, ["faults"], "whole", HERE)


def test_files_of_all_kinds_move_and_bytecode_does_not(tmp_path: Path) -> None:
    for name in ("whole/__init__.py", "part/a.py", "part/grammar.lark", "part/__pycache__/a.pyc", "other/b.py"):
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("from part import a\n")
    move(tmp_path / "source", ["part"], "whole", tmp_path / "target")
    moved = {str(path.relative_to(tmp_path / "target")) for path in (tmp_path / "target").rglob("*") if path.is_file()}
    assert moved == {"whole/__init__.py", "whole/part/a.py", "whole/part/grammar.lark"}
    assert (tmp_path / "target/whole/__init__.py").read_text() == "from whole.part import a\n"
    assert (tmp_path / "target/whole/part/grammar.lark").read_text() == "from part import a\n"
