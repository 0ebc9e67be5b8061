"""A service on a data folder that dies by ``kill -9`` whenever the test says so, and is started again."""

import json
import random
import urllib.request
from pathlib import Path
from typing import Any

from local_stack.process import ServiceProcess, start_service
from tests.personalize_local.served.clients import SETTLED, Aws


class Crashing:
    """``aws``: clients of the service as it runs now; ``killed``: how often it was."""

    def __init__(self, folder: Path, s3_endpoint: str, seed: int) -> None:
        self._arguments = ["--data", str(folder), "--s3-endpoint", s3_endpoint, "--lag", "0", "--disable", "throttling"]
        self._arguments += ["--snapshot-after", "3000"]
        self.chance = random.Random(seed)
        self.killed = 0
        self._start()

    def __enter__(self) -> "Crashing":
        return self

    def __exit__(self, *_: object) -> None:
        self._service.stop(0.0)

    def _start(self) -> None:
        self._service: ServiceProcess = start_service("personalize_local", self._arguments)
        self.aws = Aws(self._service.url)

    def kill(self) -> None:
        """``kill -9``."""
        self._service.process.kill()
        self._service.process.wait()
        self.killed += 1

    def kill_and_restart(self) -> None:
        self.kill()
        self._start()

    restart = _start

    def finished(self, kind: str, arn: str, kills: int) -> dict[str, Any]:
        """Kill the service some times while a resource is being created, at moments of chance; return how it ended."""
        for _ in range(kills):
            self._look(kind, arn, self.chance.randrange(150))
            self.kill_and_restart()
        return self.aws.wait_until_settled(kind, arn)

    def _look(self, kind: str, arn: str, times: int) -> None:
        for _ in range(times):
            if self.aws.describe(kind, arn)["status"] in SETTLED:
                return

    def local(self, path: str) -> Any:
        """Return what the service shows of itself."""
        with urllib.request.urlopen(f"{self.aws.url}/_local/{path}") as answer:  # noqa: S310
            return json.load(answer)
