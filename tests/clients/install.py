"""Installs mParticle's and AWS's own clients for the tests: ``python -m tests.clients.install`` (``make test`` does).

Those from PyPI go into an environment of their own, and those from npm beside their lock: nobody who only deploys needs
them.
"""

import subprocess
import sys
from pathlib import Path

from infra.paths import ROOT
from infra.toolchain import node
from tests import environments

HERE = Path(__file__).parent
TARGET = ROOT / ".venv/clients"
MODULES = HERE / "node_modules"


def main() -> int:
    """Install; return 0. Raises CalledProcessError."""
    environments.create(TARGET, HERE / "requirements.txt")
    npm = node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    quietly = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    subprocess.run([node(), npm, "ci", *quietly], cwd=HERE, check=True)  # noqa: S603 - the pinned npm
    return 0


if __name__ == "__main__":
    sys.exit(main())
