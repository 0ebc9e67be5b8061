"""Environments apart from ours, for other people's programs whose pins are not ours.

``python -m tests.environments FOLDER REQUIREMENTS`` creates one.
"""

import subprocess
import sys
from pathlib import Path


def create(target: Path, requirements: Path, interpreter: str = sys.executable) -> None:
    """Create a virtual environment of an interpreter, and install a lock into it. Raises CalledProcessError."""
    _run([interpreter, "-m", "venv", "--clear", "--without-pip", str(target)])
    _run([*_installer(target), "--requirement", str(requirements), "--require-hashes"])


def _installer(target: Path) -> list[str]:
    python, uv = str(target / "bin/python"), Path(sys.executable).with_name("uv")
    if uv.exists():
        return [str(uv), "pip", "install", "--quiet", "--python", python]
    return [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - our own installer


if __name__ == "__main__":
    create(Path(sys.argv[1]), Path(sys.argv[2]))
