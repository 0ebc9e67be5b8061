"""What is written for Spark is there as a whole or not at all, and a place has the rows of one conversion."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.spark_conversion import CLIENT
from history_jobs.storage import ArrowStorage
from local_stack.aws.session import local_client
from local_stack.process import start_service
from tests.real_data import ROOT

ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'lambda_src'}"}
PROGRAM = """
import sys
from pathlib import Path
from history_jobs.storage import ArrowStorage
ArrowStorage(sys.argv[1]).put("rows/part-000000.csv", Path(sys.argv[2]))
"""
IN_S3 = """
import sys
from history_jobs import start
from history_jobs.storage import ArrowStorage
from personalize_data.errors import BadFile

storage = ArrowStorage(sys.argv[1])
assert [start.started(storage, "1", now) for now in (5.0, 6.0)] == [5.0, 5.0]
assert not storage.has("rows/part-000000.csv") and not storage.has_any("rows")
storage.write("rows/part-000000.csv", b"rows")
assert storage.has("rows/part-000000.csv") and storage.has_any("rows")
assert storage.read("rows/part-000000.csv") == b"rows"
try:
    start.started(storage, "2", 7.0)
except BadFile as error:
    print(error.reason)
"""


def test_of_a_machine_that_was_killed_nothing_stays_among_the_rows(tmp_path: Path) -> None:
    out, pipe = tmp_path / "out", tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", PROGRAM, str(out), str(pipe)]
    with subprocess.Popen(command, env=ENVIRONMENT) as process, pipe.open("wb"):  # noqa: S603 - see PROGRAM
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


@pytest.mark.skipif(not CLIENT.exists(), reason="make spark has not installed Spark's client")
def test_a_place_in_s3_is_that_of_one_conversion() -> None:
    with start_service("local_stack.aws") as aws:
        local_client("s3", aws.url).create_bucket(Bucket="rows")
        place = (
            f"s3://local:local@rows/2026?scheme=http&region=us-east-1&endpoint_override={aws.url.rpartition('/')[2]}"
        )
        command = [str(CLIENT), "-c", IN_S3, place]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)  # noqa: S603

    assert done.returncode == 0, done.stderr
    assert "it holds another conversion" in done.stdout
