"""Which Spark is asked, through a program that runs beside Spark's client."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personalize_data.errors import InvalidRequest
from personalize_data.spark_session import end_of


@dataclass(frozen=True)
class Spark:
    """``remote``: an ``sc://`` URL; ``python``: of an environment with Spark's client; ``root``: of this project."""

    remote: str
    python: Path
    root: Path

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Run the client. Raises InvalidRequest with what Spark says."""
        command = [str(self.python), "-W", "ignore", "-m", "evaluation.spark.client", self.remote]
        places = os.pathsep.join((str(self.root), str(self.root / "lambda_src")))
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": places},
        )
        if done.returncode:
            raise InvalidRequest(f"Spark: {end_of(done.stderr) or f'exit code {done.returncode}'}")
        answer: dict[str, Any] = json.loads(done.stdout)
        if "refused" in answer:
            raise InvalidRequest(answer["refused"])
        return answer
