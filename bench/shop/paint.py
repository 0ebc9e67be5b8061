"""When a browser has painted a page's largest content (https://www.w3.org/TR/largest-contentful-paint/)."""

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECONDS = 120.0
SETTLED_MS = 3000  # after the page has loaded: a list that comes later may be larger
PAINTED = """() => new Promise((done) => {
  let last = null;
  new PerformanceObserver((list) => { last = list.getEntries().at(-1).startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
  const end = () => (last === null ? setTimeout(end, 100) : done(last));
  setTimeout(end, %d);
})"""


def milliseconds(browser: "Browser", address: str, settled: int = SETTLED_MS) -> float:
    """Return the time from the start of the navigation, in a browser without a cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(1000 * SECONDS)
    try:
        page = context.new_page()
        page.goto(address, wait_until="load")
        return float(page.evaluate(PAINTED % settled))
    finally:
        context.close()


def medians(browser: "Browser", pages: Mapping[str, str], rounds: int) -> dict[str, float]:
    """Return the median by name of ``pages``, which are opened by turns."""
    times: dict[str, list[float]] = {name: [] for name in pages}
    for turn in range(rounds):
        names: Sequence[str] = list(pages) if turn % 2 else list(pages)[::-1]
        for name in names:
            times[name].append(milliseconds(browser, pages[name]))
    return {name: statistics.median(values) for name, values in times.items()}
