"""What a command loads before it has anything to compute: who mistypes a name must not wait for what draws plots."""

import subprocess
import sys

from tests.loop.clone import ROOT

HEAVY = ("matplotlib", "numpy", "polars", "scipy", "sklearn")
# In a process of its own: this one has loaded them for other tests.
WRONG_USE = f"""
import sys
from click.testing import CliRunner
from cli.__main__ import main
for words in ("evaluate missing.csv", "evaluate split missing.csv --out x", "features missing.csv missing.csv",
              "prepare ownership missing.csv --user a --month b --product c", "prepare invoices --help"):
    result = CliRunner().invoke(main, words.split())
    assert ("Options" if "--help" in words else "'missing.csv' does not exist") in result.output, result.output
print(*sorted(set({HEAVY}) & sys.modules.keys()))
"""


def test_wrong_use_and_help_load_nothing_that_computes() -> None:
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", WRONG_USE], cwd=ROOT, env={"PYTHONPATH": ".:lambda_src"}, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stdout + done.stderr
