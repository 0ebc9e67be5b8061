"""What is written for Spark is there as a whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

from history_jobs.storage import ArrowStorage
from tests.real_data import ROOT

PROGRAM = """
import sys
from pathlib import Path
from history_jobs.storage import ArrowStorage
ArrowStorage(sys.argv[1]).put("rows/part-000000.csv", Path(sys.argv[2]))
"""


def test_of_a_machine_that_was_killed_nothing_stays_among_the_rows(tmp_path: Path) -> None:
    out, pipe = tmp_path / "out", tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", PROGRAM, str(out), str(pipe)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambda_src'}"}
    with subprocess.Popen(command, env=environment) as process, pipe.open("wb"):  # noqa: S603 - see PROGRAM
        while not any(path.is_file() for path in out.rglob("*")):
            assert process.poll() is None
        process.kill()
        process.wait()

    assert list((out / "rows").iterdir()) == []
    storage = ArrowStorage(str(out))
    (tmp_path / "whole").write_text("rows")
    storage.put("rows/part-000000.csv", tmp_path / "whole")
    storage.finish()
    assert storage.read("rows/part-000000.csv") == b"rows"
    assert [path.name for path in out.rglob("*") if path.is_file()] == ["part-000000.csv"]
