"""``python -m tests.law.mutations``: takes the code of each line out of a copy, and prints which test noticed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.law.mutations.table import MUTATIONS, Mutation
from tests.real_data import ROOT

PACKAGES = ("blueprint", "faults", "local_stack", "personalize_local", "personalize_rules", "recommender_models")
COPIED = ("lambda_src", *PACKAGES, "events", "tests", "pyproject.toml")
# First the histories by hand, one a line of the table; then the broker's own tests; then the drawn histories.
SUITES = (["tests/law/test_lines.py"], ["tests/broker"], ["tests/law"])
FAILED = re.compile(r"^FAILED tests/(.+?)(?: - .*)?$", re.MULTILINE)


def main(wanted: Sequence[str]) -> int:
    """Print the table of the mutations whose text has one of the ``wanted`` words (all if none); 1 if one survives."""
    chosen = [
        mutation
        for mutation in MUTATIONS
        if not wanted or any(word in f"{mutation.line} {mutation.what}" for word in wanted)
    ]
    print("| line of the table | taken out | noticed by |\n|---|---|---|", flush=True)  # noqa: T201
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copy(Path(folder))
        for mutation in chosen:
            noticed = killer(mutation, Path(folder))
            survivors += noticed is None
            print(f"| {mutation.line} | {mutation.what} | {noticed or '**nothing**'} |", flush=True)  # noqa: T201
    return 1 if survivors else 0


def copy(folder: Path) -> None:
    """Copy what the tests need."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def killer(mutation: Mutation, folder: Path) -> str | None:
    """Return the first test that fails with a mutation, None if none does."""
    path = folder / "lambda_src" / "broker" / mutation.file
    text = path.read_text("utf-8")
    if text.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.file} holds this {text.count(mutation.old)} times, not once:\n{mutation.old}")
    path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    try:
        return next((failed for suite in SUITES if (failed := first_failure(suite, folder))), None)
    finally:
        path.write_text(text, "utf-8")


def first_failure(suite: Sequence[str], folder: Path) -> str | None:
    """Run tests in a copy until one fails, and return its name."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *suite]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "BROKER_LAW_HISTORIES": "60"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in (0, 1):
        raise SystemExit(f"the tests could not run:\n{done.stdout}{done.stderr}")
    failed = FAILED.search(done.stdout)
    if done.returncode and not failed:
        raise SystemExit(f"no failed test is named in:\n{done.stdout}")
    return failed.group(1) if failed else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
