"""The browsers that open pages in tests: Chromium, and jsdom, which is there where Chromium is not."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.toolchain import node
from tests.browser.chromium import ARGUMENTS, require_chromium
from tests.clients.clients import PROGRAMS

BROWSERS = ("jsdom", "chromium")
END_SECONDS = 10.0


@contextmanager
def opened(browser: str, url: str, home: Path) -> Iterator[None]:
    """Open a page, and close the browser in the end. ``home`` is where it keeps what it remembers."""
    process = subprocess.Popen(_command(browser, url, home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
        assert process.poll() is None, f"{browser} has ended by itself"
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(browser: str, url: str, home: Path) -> list[str | Path]:
    if browser == "jsdom":
        return [node(), PROGRAMS / "open_page.js", url]
    return [require_chromium(), *ARGUMENTS, f"--user-data-dir={home}", url]
