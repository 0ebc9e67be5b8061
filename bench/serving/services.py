"""The services that are measured: this checkout's, an earlier commit's, and moto's."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

from local_stack.process import PROJECT_ROOT, ServiceProcess, scrubbed_environment
from personalize_local.shell import LOOPBACK, listen

TICKS = os.sysconf("SC_CLK_TCK")
TOGGLES = ("/_local/toggles", "/_local/behaviour")  # the second was its name at first


@dataclass(frozen=True)
class Service:
    """A running service: the name that its figures have, where it answers, and its process."""

    name: str
    url: str
    pid: int

    def processor_seconds(self) -> float:
        """Return the processor time of the process so far, without that of its jobs (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / TICKS

    def disable_throttling(self) -> None:
        """Switch the quotas for calls per second off."""
        body = json.dumps({"throttling": False}).encode()
        for path in TOGGLES:
            request = urllib.request.Request(self.url + path, body, method="PUT")  # noqa: S310 - on loopback
            try:
                urllib.request.urlopen(request).close()  # noqa: S310
            except HTTPError:
                continue
            return
        raise SystemExit(f"{self.name} has no switch for its quotas")


@contextmanager
def personalize(name: str, checkout: Path, arguments: Sequence[str]) -> Iterator[Service]:
    """Run the local Personalize of a checkout, in its own environment if it has one."""
    own = checkout / ".venv/bin/python"
    command = [str(own) if own.exists() else sys.executable, "-m", "personalize_local", "--with-parent", *arguments]
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=scrubbed_environment({"PYTHONPATH": str(checkout)}),
        cwd=checkout,
        start_new_session=True,
    )
    with ServiceProcess(name, process) as running:
        running.wait_until_ready()
        yield Service(name, running.url, process.pid)


@contextmanager
def moto() -> Iterator[Service]:
    """Run moto's server, which serves the schemas of Personalize."""
    listener = listen(0)
    port = listener.getsockname()[1]
    listener.close()
    command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    environment = scrubbed_environment({"PYTHONPATH": str(PROJECT_ROOT)})
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=silent, stderr=silent) as process:  # noqa: S603
        try:
            _wait_for(f"http://{LOOPBACK}:{port}/moto-api/", process)
            yield Service("moto", f"http://{LOOPBACK}:{port}", process.pid)
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(url).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"moto's server ended with {process.returncode}")
