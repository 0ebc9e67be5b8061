"""Chromium, for tests that look at pages as people do: where its program is, and how it comes onto the machine.

It is a package of the distribution (Debian's ``chromium``), which only root can install. Where it is absent and can't
be installed, the tests that need it are skipped, and their reason says what to install.
"""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium"
ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--no-proxy-server"),
)
"""What it needs without a screen, as root, and in a container with little shared memory; and it asks nobody else."""
PATIENCE = 900.0  # seconds: other workers of the same test run may install it at this moment
_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "-o", f"DPkg::Lock::Timeout={PATIENCE:.0f}")


def require_chromium() -> Path:
    """Return Chromium's program; install it first where that is possible, and skip the test where it is not."""
    program = _program()
    if program is None:
        pytest.skip(f"Chromium is not installed: apt install {PACKAGE}, as root")
    return program


@functools.cache
def _program() -> Path | None:
    return _installed() or (_install() if _can_install() else None)


def _installed() -> Path | None:
    paths = map(shutil.which, PROGRAMS)
    return next((Path(path) for path in paths if path), None)


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which(_INSTALL[0]) is not None


def _install() -> Path | None:
    """Install the distribution's package, with the package lists that are there, or else with new ones."""
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in ((*_INSTALL, PACKAGE), ("apt-get", "update"), (*_INSTALL, PACKAGE)):
        try:
            done = subprocess.run(command, env=quietly, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            return None
        if done.returncode == 0 and (program := _installed()):
            return program
    return None
