"""mParticle's and AWS's own clients as programs: how they run, and what they see of the machine."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.serve import personalize_values
from infra.paths import ROOT
from infra.toolchain import node
from local_stack.stack import Stack
from tests.clients.install import MODULES, TARGET

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 300.0
NOBODY_LISTENS = "http://127.0.0.1:9"  # the discard service's port


@dataclass(frozen=True)
class Clients:
    """Runs clients. They know the local services by the exports of ``./broker serve``, and can reach nothing else."""

    environment: Mapping[str, str]
    url: str

    def python(self, program: str, *arguments: str, stdin: Any = None) -> str:
        """Run one of our programs with the Python clients; return its output."""
        return self._run([TARGET / "bin/python", PROGRAMS / program, *arguments], stdin)

    def node(self, program: str, *arguments: str, stdin: Any = None) -> str:
        """Run one of our programs with the Node.js clients; return its output."""
        return self._run([node(), PROGRAMS / program, *arguments], stdin)

    def aws(self, *arguments: str) -> Any:
        """Run the AWS CLI; return its JSON, None for no output."""
        out = self._run([TARGET / "bin/aws", *arguments], None)
        return json.loads(out) if out.strip() else None

    def _run(self, command: list[str | Path], stdin: Any) -> str:
        done = subprocess.run(  # noqa: S603 - pinned clients
            command,
            input=json.dumps(stdin),
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def require_installed() -> None:
    """Skip where the clients are not installed."""
    if any(not path.exists() for path in (TARGET / "bin/aws", MODULES / ".package-lock.json")):
        absent = f"mParticle's and AWS's clients are not installed: make {TARGET.relative_to(ROOT)}/.ready"
        pytest.fail(absent) if os.environ.get("CI") else pytest.skip(absent)  # CI must not pass by leaving them out


def clients(stack: Stack, lambda_url: str, home: Path) -> Clients:
    """Return the clients of a stack."""
    exports = {
        **personalize_values(stack.personalize.url),
        "AWS_ENDPOINT_URL": stack.aws.url,
        "AWS_ENDPOINT_URL_LAMBDA": lambda_url,
    }
    proxies = {
        name: NOBODY_LISTENS for kind in ("http", "https") for name in (f"{kind}_proxy", f"{kind}_proxy".upper())
    }
    own = {"PATH": os.defpath, "HOME": str(home), "no_proxy": exports["NO_PROXY"]}
    return Clients({**own, **proxies, **exports}, stack.mparticle.url)
