"""Fixtures: the wheel, built once, and an environment that has it and nothing else of this project."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from distribution.__main__ import build


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel. ``packages``: its site-packages. ``elsewhere``: an empty working folder."""

    python: Path
    packages: Path
    elsewhere: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run its interpreter in the empty folder, without this project's paths."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
        return subprocess.run(  # noqa: S603 - an interpreter that this test made
            [self.python, *arguments], cwd=self.elsewhere, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build(folder, only_wheel=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel. The libraries that it needs come from this environment: nothing is downloaded."""
    target, uv = tmp_path_factory.mktemp("installed"), Path(sys.executable).with_name("uv")
    python = target / "bin/python"
    for command in (
        [uv, "venv", "--quiet", "--offline", "--python", sys.executable, "--allow-existing", target],
        [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel],
    ):
        subprocess.run(command, check=True)  # noqa: S603 - the pinned uv
    (packages,) = target.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return Installed(python, packages, tmp_path_factory.mktemp("elsewhere"))
