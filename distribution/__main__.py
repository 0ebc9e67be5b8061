"""Builds wheel and source archive: ``python -m distribution [FOLDER]``, by default into ``dist/``.

Packages, LICENSE, README and pyproject.toml are put together in a temporary folder, which uv builds by the backend that
is in uv itself: nothing is downloaded.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from distribution.packages import move

HERE = Path(__file__).parent
ROOT = HERE.parent
PACKAGE = "personalize_local"
MOVED = ("faults", "personalize_rules", "recommender_models")


def stage(target: Path) -> None:
    """Write all that is built into a folder. Raises NotMovable."""
    move(ROOT, MOVED, PACKAGE, target)
    for path in (HERE / "pyproject.toml", HERE / "README.md", ROOT / "LICENSE"):
        shutil.copy(path, target)


def build(output: Path, *, only_wheel: bool = False) -> None:
    """Build into a folder. Raises CalledProcessError, NotMovable."""
    with tempfile.TemporaryDirectory() as staged:
        stage(Path(staged))
        uv = Path(sys.executable).with_name("uv")
        command = [str(uv), "build", "--quiet", "--no-progress", "--out-dir", str(output.absolute()), staged]
        subprocess.run([*command, *(["--wheel"] if only_wheel else [])], check=True)  # noqa: S603 - the pinned uv


def main() -> int:
    """Build; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m distribution", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist")
    folder = parser.parse_args().folder
    build(folder)
    for path in sorted(folder.glob("personalize_local-*")):
        print(f"{path}  {path.stat().st_size / 1024:.0f} KiB")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
