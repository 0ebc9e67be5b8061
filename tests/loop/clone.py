"""A clone of the repository, whose commands run as they do for somebody who has just installed it: ``./broker …``.

It has a folder of its own, so that what a command leaves behind (files, processes) can be told from all else.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROC = Path("/proc")
# Seconds until a wait is given up: it ends as soon as its condition holds, and a busy machine may be slow.
PATIENCE = 300.0


class Clone:
    """The sources in ``root``, with links to this virtual environment; ``temporary`` is its commands' TMPDIR."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.temporary = root / "tmp"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "node_modules", "tests"))
        self.temporary.mkdir()
        (root / ".venv").mkdir()
        for entry in Path(sys.prefix).iterdir():
            if entry.name != ".ready":
                (root / ".venv" / entry.name).symlink_to(entry)
        (root / ".venv" / ".ready").touch()

    @property
    def local_env(self) -> Path:
        """Where a running ``serve`` says where its services are."""
        return self.root / ".local.env"

    def start(self, *arguments: object, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start ``./broker ARGUMENTS`` in a process group of its own, as a shell does for a terminal."""
        return subprocess.Popen(  # noqa: S603 - our own command
            ["./broker", *map(str, arguments)],
            cwd=self.root,
            env={**os.environ, "TMPDIR": str(self.temporary), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *arguments: object, environment: Mapping[str, str] | None = None, seconds: float = 2 * PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run ``./broker ARGUMENTS`` to its end."""
        with self.start(*arguments, environment=environment) as process:
            try:
                out, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def processes(self) -> list[str]:
        """Return the command lines of its running processes; each names its interpreter, which is in ``root``."""
        return [line for line in _command_lines() if f"{self.root}/" in line]

    def is_quiet(self, seconds: float = PATIENCE) -> bool:
        """Say whether all of its processes end within some seconds."""
        return eventually(lambda: not self.processes(), seconds)


def eventually(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Say whether a condition comes to hold within some seconds; asked less often the longer it takes."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited >= seconds:
            return False
        time.sleep(min(0.5, 0.05 + waited / 10))
    return True


def _command_lines() -> list[str]:
    if not PROC.is_dir():
        listed = subprocess.run(["ps", "-Aww", "-o", "command="], capture_output=True, text=True, check=True)  # noqa: S607
        return listed.stdout.splitlines()
    lines = []
    for folder in PROC.glob("[0-9]*"):
        try:
            lines.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has just ended
            continue
    return lines
