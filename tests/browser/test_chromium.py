"""Chromium shows a page, wherever tests that need it are not skipped."""

import subprocess
from pathlib import Path

from tests.browser.chromium import ARGUMENTS, PATIENCE, require_chromium


def test_chromium_runs_a_page_without_a_screen(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<title></title><script>document.title = ['so', 'it', 'runs'].join(' ')</script>", "utf-8")
    command = [require_chromium(), *ARGUMENTS, f"--user-data-dir={tmp_path / 'home'}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)  # noqa: S603
    assert "<title>so it runs</title>" in done.stdout
