"""The measurement of the shop window: how it judges, and that it counts the processor time of all processes."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bench.shop.__main__ import TWO_WORDS, Result
from bench.shop.customers import Streams
from bench.shop.loop import TICKS, processor_seconds
from tests.http_server import QuietHandler, serving
from tests.loop.clone import eventually

BUSY = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}]); print(flush=True); input()"


@pytest.mark.parametrize(
    ("open_", "painted", "holds"),
    [
        ([1.0, 1.1, 9.0], {TWO_WORDS: 100.0, "start": 1100.0}, True),
        ([1.2, 1.2, 1.0], {TWO_WORDS: 100.0, "start": 200.0}, False),
        ([1.0, 1.0, 1.0], {TWO_WORDS: 100.0, "start": 200.0, "panel": 1101.0}, False),
        ([1.0, 1.0, 1.0], {}, True),
    ],
)
def test_the_median_pair_and_the_latest_page_decide(open_: list[float], painted: dict[str, float], holds: bool) -> None:
    result = Result([1.0, 1.0, 1.0], open_, painted)
    assert result.ratios == open_
    assert result.holds == holds


@pytest.mark.server
def test_the_processor_time_of_children_counts_while_they_run_and_afterwards() -> None:
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        for _ in ("while it runs", "afterwards"):
            parent.stdout.readline()
            assert processor_seconds(parent.pid) >= 0.2 - 1 / TICKS
            parent.stdin.write("\n")
            parent.stdin.flush()


def test_of_other_processes_and_of_garbage_nothing_counts(tmp_path: Path) -> None:
    for pid, parent, ticks in ((1, 0, 5), (7, 1, 3), (8, 7, 2), (9, 1, 100)):
        (tmp_path / str(pid)).mkdir()
        fields = ["S", str(parent), *"0" * 9, str(ticks), "1", "10", "0"]
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a (b) c) {' '.join(fields)}")
    (tmp_path / "10").mkdir()
    assert processor_seconds(7, tmp_path) == (3 + 11 + 2 + 11) / TICKS


def test_streams_are_read_all_the_time_and_closed(tmp_path: Path) -> None:
    written, gone = threading.Event(), threading.Event()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(200):  # more than the buffers of a connection hold
                self.wfile.write(b"x" * 100_000)
            written.set()
            try:
                while True:
                    self.wfile.write(b"x")
                    time.sleep(0.01)
            except OSError:
                gone.set()

    with serving(Handler) as url, Streams(url) as streams:
        stream = streams.open("/live", "visit=1")
        assert eventually(written.is_set)
        streams.close(stream)
        assert eventually(gone.is_set)
