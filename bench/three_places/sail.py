"""Exports converted by Sail, a server of Spark Connect, where this project cannot be imported."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.three_places.here import in_project
from bench.three_places.outcome import Outcome, outcome
from bench.three_places.plan import plan
from cli.progress import WaitDisplay
from cli.spark_conversion import CLIENT, SparkConversion, SparkOptions
from history_jobs import listing

SERVER = """
import sys
try:
    import personalize_data
except ImportError:
    from pysail.spark import SparkConnectServer
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    print(server.listening_address[1], flush=True)
    sys.stdin.read()
"""
LOOK = 0.005  # seconds from one look at the reports to the next


class Sail:
    """``with Sail(folder) as server`` runs it in a folder; ``url`` is its address."""

    def __init__(self, folder: Path) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        words = [str(CLIENT), "-c", SERVER]
        self._process = subprocess.Popen(words, cwd=folder, env={}, text=True, **pipes)  # noqa: S603 - see SERVER
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self.url = f"sc://127.0.0.1:{int(self._process.stdout.readline())}"

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # which closes its standard input


class OnSpark:
    """Conversions of a folder of exports. ``out``: where Spark writes; ``part_bytes``: of a part at most."""

    def __init__(self, exports: Path, out: Path, part_bytes: int) -> None:
        self._exports, self._out, self._part_bytes = exports, out, part_bytes

    def run_on(self, folder: Path) -> Outcome:
        """Convert all, whatever is there already, by a server that runs in a folder."""
        with Sail(folder) as server:
            return self.run(server.url)

    def kill(self, folder: Path, parts: int) -> int:
        """Convert, and kill all of it once some ``parts`` are done; return how many were. Raises RuntimeError."""
        server = Sail(folder)
        words = [str(self._exports), str(self._out), str(self._part_bytes), server.url]
        command = [sys.executable, "-m", "bench.three_places.sail", *words]
        # A session of its own, since there is a client below it, which would go on asking for half a minute.
        with subprocess.Popen(command, start_new_session=True, **in_project()) as process:  # noqa: S603 - this file
            while self._done() < parts and process.poll() is None:
                time.sleep(LOOK)
            server.kill()
            if process.poll() is not None:
                raise RuntimeError("it ended before it was killed")
            os.killpg(process.pid, signal.SIGKILL)
        return self._done()

    def run(self, url: str) -> Outcome:
        """Convert all, whatever is there already, on a server. Raises click.ClickException with what Spark says."""
        files = list(listing.files_here(self._exports, self._part_bytes))
        conversion = SparkConversion(plan(self._exports), files, SparkOptions(url, out=str(self._out)))
        with WaitDisplay() as waiting:
            summary = conversion.summary(waiting).as_json()
        tables = (path.read_bytes() for path in (self._out / "rows").iterdir())
        return outcome(tables, summary, f"{self._exports.absolute()}/")

    def _done(self) -> int:
        return len(list((self._out / "reports").glob("*.json")))


def main() -> None:
    """Convert what the command line says."""
    exports, out, part_bytes, url = sys.argv[1:]
    OnSpark(Path(exports), Path(out), int(part_bytes)).run(url)


if __name__ == "__main__":
    main()
