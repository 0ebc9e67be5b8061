"""`./broker prepare` on small tables, as tests call it."""

import csv
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cli.__main__ import main

Row = dict[str, str]


def table(folder: Path, text: str, name: str = "table.csv") -> Path:
    """Write a table."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(form: str, file: Path, *arguments: object) -> Result:
    """Run the command; return its result, also where it fails."""
    return CliRunner().invoke(main, ["prepare", form, str(file), *map(str, arguments)], catch_exceptions=False)


def prepare(form: str, file: Path, *arguments: object) -> dict[str, Any]:
    """Return the summary of what was written into a folder ``out`` beside the file."""
    result = run(form, file, "--out", file.parent / "out", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def written(file: Path, name: str) -> list[Row]:
    """Return the rows of a CSV in that folder."""
    with (file.parent / "out" / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))
