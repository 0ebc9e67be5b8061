"""Installs ministack into an environment of its own: ``python -m tests.deploy.install`` (``make test`` does).

ministack runs deployed functions with its own interpreter, whatever runtime they name. Where Python 3.13, the runtime
of the functions, is on the machine, that is the one; else this one, which reads the same code.
"""

import os
import sys

from infra.paths import ROOT
from infra.toolchain import node
from tests import environments

os.environ.setdefault("JSII_NODE", str(node()))  # before the first import of aws_cdk, which starts Node

from infra.bundling import find_interpreter

RUNTIME = "3.13"
TARGET = ROOT / ".venv/ministack"
REQUIREMENTS = ROOT / "tests/deploy/requirements.txt"


def main() -> int:
    """Install; return 0. Raises CalledProcessError."""
    environments.create(TARGET, REQUIREMENTS, find_interpreter(RUNTIME) or sys.executable)
    return 0


if __name__ == "__main__":
    sys.exit(main())
