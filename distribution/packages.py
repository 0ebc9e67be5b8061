"""Moves packages under another one: the same modules, whose imports name their new place.

A distribution that installed ``faults`` or ``recommender_models`` at the top would collide with other people's packages
of these names.
"""

import ast
from collections.abc import Collection
from pathlib import Path

from distribution.errors import NotMovable


def move(source: Path, packages: Collection[str], into: str, target: Path) -> None:
    """Write the package ``into`` to ``target/into``, and each of ``packages`` below it. Raises NotMovable."""
    copy(source / into, target / into, packages, into)
    for name in packages:
        copy(source / name, target / into / name, packages, into)


def copy(source: Path, target: Path, packages: Collection[str], into: str) -> None:
    """Copy one package's files, with their imports rewritten. Raises NotMovable."""
    for path in sorted(source.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            place.write_text(rewritten(path.read_text("utf-8"), packages, into, path), "utf-8")
        else:
            place.write_bytes(path.read_bytes())


def rewritten(text: str, packages: Collection[str], into: str, path: Path) -> str:
    """Return a module with ``from PACKAGE`` as ``from INTO.PACKAGE``. Raises NotMovable at ``import PACKAGE``.

    ``import a.b`` binds the name ``a``, so a rewritten one would bind another name than the code below it uses.
    """
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            if any(_top(alias.name) in packages for alias in node.names):
                raise NotMovable(f"{path}, line {node.lineno}: use from … import …")
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and _top(node.module or "") in packages:
            start, line = node.col_offset, lines[node.lineno - 1]
            if not line[start:].startswith(f"from {node.module} "):
                raise NotMovable(f"{path}, line {node.lineno}: put one space after from")
            lines[node.lineno - 1] = f"{line[:start]}from {into}.{line[start + len('from ') :]}"
    return "".join(lines)


def _top(module: str) -> str:
    return module.partition(".")[0]
