"""What the shop window costs, while customers click: the panel's processor time, and how soon pages are painted.

python -m bench.shop [--rounds 5] [--seconds 20] [--customers 50] [--every 5] [--json]

The loop, its shop and panel run by ``./broker serve``. By turns, the panel is open and closed. Pages are opened by
Chromium, where it is installed, beside a page with two words of the same server. Linux only.

Exit code: 0 where the panel costs at most a tenth more (median of all pairs), and pages are painted at most a second
later than the page with two words; else 1.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from dataclasses import dataclass, field

from rich.console import Console

from bench.shop.customers import Customers, Streams
from bench.shop.loop import Loop, running
from bench.shop.paint import medians
from local_stack.items4u.catalogue import catalogue

MOST, LATER_MS = 1.10, 1000.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TWO_WORDS = "two words"


@dataclass
class Result:
    """Processor milliseconds per click without and with the panel, a pair per round; milliseconds to the paint."""

    closed: list[float] = field(default_factory=list)
    open: list[float] = field(default_factory=list)
    painted: dict[str, float] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Return open over closed, by round."""
        return [on / off for off, on in zip(self.closed, self.open, strict=True)]

    @property
    def ratio(self) -> float:
        """Return the median ratio."""
        return statistics.median(self.ratios)

    @property
    def later_ms(self) -> dict[str, float]:
        """Return by how much later pages are painted than one with two words."""
        return {name: ms - self.painted[TWO_WORDS] for name, ms in self.painted.items() if name != TWO_WORDS}

    @property
    def holds(self) -> bool:
        """Return whether all is within its bounds."""
        return self.ratio <= MOST and max(self.later_ms.values(), default=0.0) <= LATER_MS


def measure(rounds: int, seconds: float, customers: int, every: float) -> Result:
    """Return what is measured on a loop of its own."""
    items = [item.id for item in catalogue(1)]
    with running() as loop:
        clicking = Customers(loop.shop, loop.values["MPARTICLE_URL"], items, number=customers, every=every)
        with clicking:
            time.sleep(2 * every)  # all have come, and have their first lists
            result = Result()
            for turn in range(rounds):
                for is_open in (False, True) if turn % 2 else (True, False):
                    milliseconds = _window(loop, clicking, seconds, is_open)
                    (result.open if is_open else result.closed).append(milliseconds)
                    print(f"panel {'open' if is_open else 'closed'}: {milliseconds:.1f} ms", file=sys.stderr)
            result.painted = _painted(loop, items[0], rounds)
            clicking.check()
            return result


def _window(loop: Loop, clicking: Customers, seconds: float, is_open: bool) -> float:
    """Return the loop's processor milliseconds per click."""
    with Streams(loop.shop) as streams:
        if is_open:
            streams.open("/panel/live")
        time.sleep(2.0)  # the panel's first look is behind it
        before, clicks = loop.processor_seconds(), clicking.clicks
        time.sleep(seconds)
        return 1000 * (loop.processor_seconds() - before) / max(1, clicking.clicks - clicks)


def _painted(loop: Loop, item: str, rounds: int) -> dict[str, float]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        return {}
    from playwright.sync_api import sync_playwright

    paths = {TWO_WORDS: "/pictures/none.svg", "start": "/", "item": f"/items/{item}", "panel": "/panel"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--no-proxy-server"])
        try:
            return medians(browser, {name: loop.shop + path for name, path in paths.items()}, rounds)
        finally:
            browser.close()


def main() -> int:
    """Print the result, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.shop", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--customers", type=int, default=50)
    parser.add_argument("--every", type=float, default=5, help="seconds between two clicks of a customer")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.rounds, options.seconds, options.customers, options.every)
    if options.json:
        json.dump(vars(result) | {"ratios": result.ratios, "ratio": result.ratio}, sys.stdout, indent=1)
        print()
    else:
        _print(result)
    return int(not result.holds)


def _print(result: Result) -> None:
    console = Console(highlight=False)
    for name, values in (("closed", result.closed), ("open", result.open)):
        spread = f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"
        console.print(f"panel {name}: {spread} ms of processor time per click")
    ratios = ", ".join(f"{one:.2f}" for one in result.ratios)
    console.print(f"open over closed: {result.ratio:.3f}, at most {MOST} ({ratios})")
    for name, ms in result.painted.items():
        later = f", {result.later_ms[name]:+.0f} ms, at most {LATER_MS:+.0f}" if name in result.later_ms else ""
        console.print(f"{name} is painted after {ms:.0f} ms{later}")


if __name__ == "__main__":
    sys.exit(main())
