"""A network that fails for a moment is survived; a server that is gone ends the command, and the next one goes on."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from bench.exports import lines
from bench.three_places.sail import Sail
from cli.spark_conversion import CLIENT
from tests.history_jobs.made_up import exports, in_one_process, rows_of
from tests.history_jobs.proxy import Proxy
from tests.real_data import ROOT

FILES = 60  # beside those that cannot be read
UNREADABLE = 2  # which the next run looks at again
LOOK = 0.005  # seconds from one look at the reports to the next
PATIENCE = 150  # seconds, five times what a machine needs that has nothing else to do; Spark's own client takes 1,000

pytestmark = pytest.mark.skipif(not CLIENT.exists(), reason="make spark has not installed Spark's client")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of exports, a part each."""
    made = exports(tmp_path / "exports")
    for number in range(FILES):
        (made / f"6-{number}.jsonl").write_bytes(b"\n".join(islice(lines(10 + number), 3)))
    return made


def command(folder: Path, out: Path, url: str) -> list[str]:
    return [str(ROOT / "broker"), "backfill", "--dry-run", "--spark", url, "--out", str(out), str(folder)]


@contextmanager
def in_the_middle(folder: Path, out: Path, url: str) -> Iterator["subprocess.Popen[str]"]:
    """Convert by a Spark, and do what the block does once a part is done."""
    pipe, words = subprocess.PIPE, command(folder, out, url)
    with subprocess.Popen(words, stderr=pipe, stdout=pipe, text=True, start_new_session=True) as process:  # noqa: S603
        try:
            while not done(out):
                assert process.poll() is None, process.communicate()
                time.sleep(LOOK)
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def done(out: Path) -> dict[str, int]:
    """Return which parts are done, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (out / "reports").glob("*.json")}


def rows(out: Path) -> list[str]:
    return rows_of([path.read_bytes().decode() for path in (out / "rows").iterdir()])


def test_a_network_that_fails_for_a_moment_is_survived(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        Sail(tmp_path) as server,
        Proxy(int(server.url.rpartition(":")[2])) as network,
        in_the_middle(folder, out, f"sc://127.0.0.1:{network.port}") as process,
    ):
        network.cut(2)
        before = done(out)
        said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0, said
    assert network.accepted == 2, "one before, and one after two that were refused"
    assert len(before) < len(done(out)), "it was cut in the middle"
    assert rows(out) == in_one_process(folder)[0]


def test_a_server_that_was_started_anew_does_not_know_the_conversion(folder: Path, tmp_path: Path) -> None:
    out, server = tmp_path / "out", Sail(tmp_path)
    with (
        Proxy(int(server.url.rpartition(":")[2])) as network,
        in_the_middle(folder, out, f"sc://127.0.0.1:{network.port}") as process,
    ):
        server.kill()
        with Sail(tmp_path) as another:
            network.target = int(another.url.rpartition(":")[2])
            _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    line = said.splitlines()[-1]
    assert line.startswith("Error: Spark: ")
    assert line.endswith(". Started again, this goes on with the parts that are not done")


def test_a_server_that_is_gone_is_one_line_and_the_next_run_keeps_what_is_done(folder: Path, tmp_path: Path) -> None:
    out, server = tmp_path / "out", Sail(tmp_path)
    with in_the_middle(folder, out, server.url) as process:
        server.kill()
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    line = f"Error: Spark does not answer at {server.url}: start this again once it does, parts that are done are kept"
    assert said.splitlines()[-1] == line
    before = done(out)
    with Sail(tmp_path) as again:
        subprocess.run(command(folder, out, again.url), check=True, capture_output=True)  # noqa: S603

    assert rows(out) == in_one_process(folder)[0]
    after = done(out)
    assert len(after) > len(before)
    assert sum(after[name] != written for name, written in before.items()) <= UNREADABLE
