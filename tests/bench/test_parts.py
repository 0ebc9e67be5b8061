"""Parts of the benchmark run with an earlier checkout's broker, so they import nothing that only this one has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.loop.rivals.rivals import ROOT

OURS = {"broker", *(folder.name for folder in ROOT.iterdir() if (folder / "__init__.py").exists())} - {"bench"}


@pytest.mark.parametrize("child", ["worker", "parts.decoding_process", "parts.memory_process"])
def test_a_process_of_a_rival_loads_nothing_of_ours_but_the_benchmark(child: str, tmp_path: Path) -> None:
    code = f"import sys, bench.loop.{child}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True)  # noqa: S603 - a module of ours
    assert not OURS & {name.split(".")[0] for name in loaded.stdout.split()}
