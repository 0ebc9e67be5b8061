"""Installs ministack into an environment of its own: ``python -m tests.deploy.install`` (``make test`` does).

ministack runs deployed functions with its own interpreter, whatever runtime they name. Where Python 3.13, the runtime
of the functions, is on the machine, that is the one; else this one, which reads the same code.
"""

import os
import subprocess
import sys
from pathlib import Path

from infra.paths import ROOT
from infra.toolchain import node

os.environ.setdefault("JSII_NODE", str(node()))  # before the first import of aws_cdk, which starts Node

from infra.bundling import find_interpreter

RUNTIME = "3.13"
TARGET = ROOT / ".venv/ministack"
REQUIREMENTS = ROOT / "tests/deploy/requirements.txt"


def main() -> int:
    """Install; return 0. Raises CalledProcessError."""
    interpreter = find_interpreter(RUNTIME) or sys.executable
    _run([interpreter, "-m", "venv", "--clear", "--without-pip", str(TARGET)])
    _run([*_installer(), "--requirement", str(REQUIREMENTS), "--require-hashes"])
    return 0


def _installer() -> list[str]:
    python, uv = str(TARGET / "bin/python"), Path(sys.executable).with_name("uv")
    if uv.exists():
        return [str(uv), "pip", "install", "--quiet", "--python", python]
    return [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - our own installer


if __name__ == "__main__":
    sys.exit(main())
