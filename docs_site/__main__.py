"""Builds the web site of the repository's pages: ``python -m docs_site`` (``make docs`` does)."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from docs_site import markdown, reading
from docs_site.links import broken, linked_files
from docs_site.navigation import CONFIGURATION, pages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ASSETS = ("iframe-worker.js", "wider.css")
TARGET = ROOT / "site"
GENERATOR = ROOT / ".venv/docs/bin/zensical"


def main() -> int:
    """Build the site; return 0, or 1 after a line for each problem."""
    named = pages()
    problems = broken(ROOT, named)
    if problems:
        return _failed(problems)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _lay_out(work, named)
        done = subprocess.run([GENERATOR, "build", "--strict"], cwd=work, capture_output=True, text=True, check=False)  # noqa: S603 - pinned
        if done.returncode:
            return _failed([(done.stdout + done.stderr).partition("Traceback")[0]])
        problems = _misread(work / "site", named)
        if problems:
            return _failed(problems)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(work / "site", TARGET)
    print(f"Written: {TARGET.relative_to(ROOT)}/index.html: open it in a browser; nothing needs to run")  # noqa: T201
    return 0


def _lay_out(work: Path, named: Iterable[str]) -> None:
    """Copy the pages and what they link to, in the repository's folders, so that each link leads where it led."""
    shutil.copy(CONFIGURATION, work)
    for path in {*named, *linked_files(ROOT, named)}:
        target = work / "pages" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".md"):
            target.write_text(markdown.for_python_markdown((ROOT / path).read_text("utf-8")), "utf-8")
        else:
            shutil.copy(ROOT / path, target)
    for asset in ASSETS:
        shutil.copy(HERE / asset, work / "pages")


def _misread(site: Path, named: Iterable[str]) -> list[str]:
    """Return one line for each page that reads otherwise than on GitHub, and for each thing fetched from elsewhere."""
    problems = []
    for page in named:
        built = (site / page).with_suffix(".html")
        shown = (built.with_name("index.html") if built.stem == "README" else built).read_text("utf-8")
        if reading.text(shown, inside="article") != reading.text(markdown.html((ROOT / page).read_text("utf-8"))):
            problems.append(f"{page}: the site's text is not that of GitHub")
        problems += [f"{page}: fetches {address}" for address in reading.fetched(shown)]
    return problems


def _failed(problems: Iterable[str]) -> int:
    print("\n".join(problems), file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
