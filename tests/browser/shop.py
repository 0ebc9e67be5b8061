"""The shop as tests use it: ``./broker shop`` in a clone, and Chromium by Playwright."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from shop.app import HTMX, SDK
from shop.app import MODULES as SCRIPTS
from tests.browser.chromium import ARGUMENTS, require_chromium
from tests.clients.install import MODULES
from tests.loop.clone import Clone

PATIENCE_MS = 120_000  # a wait ends as soon as its condition holds; a busy machine may be slow
LOOK_EVERY_MS = 200  # without it, Playwright has a frame drawn for each look at a page
AXE = MODULES / "axe-core/axe.min.js"


def require_files() -> None:
    """Skip the test where the shop's scripts or axe are not installed."""
    if not all(path.is_file() for path in (SDK, HTMX, AXE)):
        pytest.skip("the shop's scripts and axe are not installed: make shop/node_modules/.ready .venv/clients/.ready")


@contextmanager
def opened_shop(clone: Clone) -> Iterator[str]:
    """Yield the address of a shop of its own, which is closed by Ctrl-C."""
    (clone.root / "shop/node_modules").symlink_to(SCRIPTS)
    with clone.start("shop", "--port", 0) as process:
        try:
            yield _address(process)
            process.send_signal(2)
            _, errors = process.communicate(timeout=PATIENCE_MS / 1000)
            assert process.returncode == 0, errors
            assert "stopped: all services are down" in errors
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        word, _, address = line.partition(" ")
        if word == "shop":
            return address.strip().rstrip("/")
    raise AssertionError(process.stderr and process.stderr.read())


@dataclass
class Visitor:
    """A browser of its own, with what its console said."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def listed(self) -> list[str]:
        """Return the items of the slot, by the ends of their links."""
        links = self.page.locator("#for-you .card > a").all()
        return [str(link.get_attribute("href")).rpartition("/")[2].partition("?")[0] for link in links]

    @property
    def list_id(self) -> str:
        """Return the id of the list that is shown, empty for best-sellers."""
        return self.page.locator("#for-you").get_attribute("data-list") or ""

    def wait_for_list(self, condition: str, **arguments: Any) -> None:
        """Wait until the slot is such that a JavaScript function of it returns something true."""
        looks = f"arg => ({condition})(document.getElementById('for-you'), arg)"
        self.page.wait_for_function(looks, polling=LOOK_EVERY_MS, **arguments)


@contextmanager
def browser() -> Iterator[Browser]:
    """Yield the machine's Chromium; skip the test where there is none."""
    program = require_chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield running
        running.close()


def visitor(running: Browser, **options: Any) -> Visitor:
    """Return a new visitor: a context without cookies or storage."""
    context = running.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    new = Visitor(context, page)
    page.on("console", lambda message: new.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: new.complaints.append(str(error)))
    return new


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page, one line for each rule."""
    page.evaluate(Path(AXE).read_text("utf-8") + "; 0")
    found = page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations")
    return [f"{one['id']}: {one['help']} {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found]
