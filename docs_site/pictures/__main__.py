"""Draws the pictures in README and docs: ``python -m docs_site.pictures [NAME…]`` (``make pictures`` does)."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import SubprocessError

from docs_site.pictures.browser import NoBrowser
from docs_site.pictures.scenes import ROOT, SCENES, Scene

TARGET = ROOT / "docs/pictures"
LARGEST = 200_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw; return 0, or 1 if a picture could not be drawn: the old one then stays."""
    parser = argparse.ArgumentParser(prog="python -m docs_site.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(SCENES)}; all, unless given")
    names = parser.parse_args(arguments).names or list(SCENES)
    unknown = [name for name in names if name not in SCENES]
    if unknown:
        parser.error(f"{', '.join(unknown)}: the pictures are {', '.join(SCENES)}")
    problems = [problem for name in names if (problem := draw(SCENES[name], TARGET))]
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")  # noqa: T201
    return 1 if problems else 0


def draw(scene: Scene, target: Path) -> str:
    """Draw a scene's pictures, and put those into ``target`` that are not too large; return the problem, if any."""
    problem = ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            scene.draw(Path(folder))
        except NoBrowser:
            problem = "there is no Chromium for pictures of pages: install it (Debian and Ubuntu: apt install chromium)"
        except (SubprocessError, OSError, ValueError) as error:
            problem = str(error)
        for name in scene.files:
            file = Path(folder) / name
            if file.exists() and file.stat().st_size > LARGEST:
                problem = f"{name} has {file.stat().st_size:,} bytes, and may have {LARGEST:,}"
            elif file.exists():
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target / name)
                print(f"Written: {os.path.relpath(target / name)}")  # noqa: T201
    return problem


if __name__ == "__main__":
    sys.exit(main())
