"""From an event that mParticle accepts to the customer's profile, in the local stack, at several rates.

python -m bench.freshness [--rates 10,30,100,300] [--seconds 40] [--page docs/performance.md]

It ends at the first rate that the machine does not hold. Each event is of a customer of its own, so each has exactly
one list to wait for. A time counts from the moment at which the event was due, and ends when mParticle writes the list
to the profile.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3
from rich.console import Console

from bench.loop.report.page import with_text
from bench.loop.report.results import machine
from bench.loop.report.table import Table
from bench.open_loop import drive, post
from blueprint.capacity import Capacity
from local_stack.audit.lag import percentile
from local_stack.items4u.catalogue import catalogue
from local_stack.scenario import Scenario
from local_stack.settings import LocalStackSettings
from local_stack.soak.list_log import ListLog, pages_of
from local_stack.soak.watch import ProcessorTime, processes
from local_stack.stack import Stack

BEGIN, END = (
    "<!-- python -m bench.freshness writes from here on -->",
    "<!-- python -m bench.freshness writes until here -->",
)
WARM_UP = 8.0  # seconds: new processes, and connections that are opened
LONGEST_WAIT = 120.0  # seconds for the last lists
LOOK_EVERY = 0.5  # seconds
HELD = 0.98  # of the rate
BEHIND = 5.0  # seconds beyond delay and windows
# Of the refresh queue, as on AWS: each keeps to its share of mParticle's limit of 270 batches a second.
REFRESH_PROCESSES = Capacity().queue.maximum_concurrency or 1
INPUTS = ("web", "ios", "android")
MPIDS = 1_000_000  # of each rate


@dataclass(frozen=True)
class Freshness:
    """The result at one rate. Times in seconds; ``beyond`` are those beyond the queue's delay and both windows."""

    rate: float
    rate_sent: float
    events: int
    missing: int
    p50: float | None
    p99: float | None
    beyond_p50: float | None
    beyond_p99: float | None
    processors: Mapping[str, float]

    @property
    def is_held(self) -> bool:
        """Whether the machine sent at that rate, every customer got their list, and the lists did not fall behind."""
        behind = self.beyond_p99 is None or self.beyond_p99 > BEHIND
        return self.rate_sent >= HELD * self.rate and not self.missing and not behind


class Sender:
    """Makes one request per event, each of a new customer; ``due`` has when each customer's was due (epoch seconds)."""

    def __init__(self, url: str, first_mpid: int, rate: float, seed: int) -> None:
        self._url, self._first, self._rate = url, first_mpid, rate
        self._items = [item.id for item in catalogue(seed)]
        keys = (urllib3.make_headers(basic_auth=f"{name}-key:{name}-secret") for name in INPUTS)
        self._keys = [key["authorization"] for key in keys]
        self.began = 0.0
        self.due: dict[str, float] = {}

    def request(self, number: int) -> bytes:
        """Return the request of one event, as it goes over the wire."""
        self.began = self.began or time.time()
        mpid, now = self._first + number, time.time()
        self.due[str(mpid)] = min(now, self.began + number / self._rate)
        action = {"action": "view_detail", "products": [{"id": self._items[number % len(self._items)]}]}
        event = {
            "event_type": "commerce_event",
            "data": {"timestamp_unixtime_ms": int(now * 1000), "product_action": action},
        }
        body = json.dumps({"environment": "production", "mpid": mpid, "events": [event]}).encode()
        key = self._keys[number % len(self._keys)]  # each input has a limit of its own
        headers = f"\r\nauthorization: {key}\r\ncontent-type: application/json\r\n\r\n".encode()
        return post(self._url, "/v2/events", body).replace(b"\r\n\r\n", headers, 1)


def measure(stack: Stack, rate: float, seconds: float, first_mpid: int) -> Freshness:
    """Send events at a rate for some seconds; wait for the lists."""
    lists = ListLog(pages_of(stack.personalize.url, stack.mparticle.url))
    lists.read()
    sender = Sender(stack.mparticle.url, first_mpid, rate, stack.settings.seed)
    used = ProcessorTime()
    used.look(processes(stack))
    began = time.monotonic()
    sent = drive(stack.mparticle.url, sender.request, rate=rate, seconds=seconds, accepted=202)
    if sent.refused:
        raise RuntimeError(f"mParticle refused {len(sent.refused)} events: {sent.refused[0]!r}")
    used.look(processes(stack))
    lasted = time.monotonic() - began
    _until(stack.is_idle)
    lists.read()
    written: dict[str, float] = {}
    for write in lists.writes:
        written.setdefault(write.user, write.written_at)
    took = steady(sender, written)
    settings = stack.settings
    wait = settings.queue_delay + settings.stream.maximum_batching_window + settings.queue.maximum_batching_window
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    return Freshness(
        rate=rate,
        rate_sent=len(sender.due) / sent.lasted,
        events=len(sender.due),
        missing=sum(user not in written for user in sender.due),
        p50=p50,
        p99=p99,
        beyond_p50=None if p50 is None else p50 - wait,
        beyond_p99=None if p99 is None else p99 - wait,
        processors={name: seconds / lasted for name, seconds in used.seconds.items()},
    )


def steady(sender: Sender, written: Mapping[str, float]) -> list[float]:
    """Return the seconds to the list of each customer whose event was due after the first seconds."""
    return [written[user] - due for user, due in sender.due.items() if user in written and due > sender.began + WARM_UP]


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_WAIT
    while not condition() and time.monotonic() < end:
        time.sleep(LOOK_EVERY)


def table(results: Sequence[Freshness], shards: int) -> Table:
    """Return the results as a table of a page."""
    groups = list(dict.fromkeys(name for result in results for name in result.processors))
    rows = [
        (
            f"{result.rate:g}",
            f"{result.rate_sent:.1f}",
            f"{result.events:,}",
            f"{result.missing:,}",
            *map(_seconds, (result.p50, result.p99, result.beyond_p50, result.beyond_p99)),
            *(f"{result.processors.get(name, 0):.2f}" for name in groups),
        )
        for result in results
    ]
    times = ("p50", "p99", "p50 beyond", "p99 beyond")
    note = (
        "From the moment at which an event was due until mParticle wrote the list, in seconds: in all, and beyond the "
        "queue's delay and the batching windows of stream and queue, which the local stack has shorter than AWS. "
        f"Each event is of a new customer. {shards} shards. The last columns are the processors that each part of the "
        f"local stack used. {_held(results)}"
    )
    return Table("Freshness", note, ("customers per second", "sent", "events", "without a list", *times, *groups), rows)


def _held(results: Sequence[Freshness]) -> str:
    held = [result.rate for result in results if result.is_held]
    return f"The machine held {max(held):g} per second." if held else "The machine held none of these rates."


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"  # noqa: RUF001


def text(results: Sequence[Freshness], shards: int, about: Mapping[str, Any]) -> str:
    """Return the text of a page; ``about``: the machine before the start."""
    measured = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} at {about['commit']}, load {about['load']} at the start, "
        f"{about['processors']} processors."
    )
    return table(results, shards).markdown() + "\n" + measured


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.freshness", description=__doc__)
    parser.add_argument("--rates", default="10,30,100,300", help="customers per second")
    parser.add_argument("--seconds", type=float, default=40, help=f"at each rate; the first {WARM_UP:g} do not count")
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", type=Path, help="a page whose text between the marks is to be replaced")
    return parser.parse_args(argv)


def run(rates: Sequence[float], seconds: float, shards: int, show: Callable[[str], None]) -> list[Freshness]:
    """Measure at each rate on one stack with a trained campaign, up to the first that the machine does not hold.

    Raises NotStarted, CreationFailed.
    """
    with Stack(LocalStackSettings(shards=shards, refresh_processes=REFRESH_PROCESSES)) as stack:
        show("preparing the stack")
        Scenario(stack, show=lambda _stage, _counters: None).prepare()
        results = []
        for number, rate in enumerate(rates, 1):
            show(f"{rate:g} customers per second")
            results.append(measure(stack, rate, seconds, number * MPIDS))
            if not results[-1].is_held:
                break
        return results


def main() -> None:
    """Print the table, or JSON; write the page."""
    options, console, before = arguments(), Console(stderr=True), machine()
    with console.status("") as status:
        rates = [float(rate) for rate in options.rates.split(",")]
        results = run(rates, options.seconds, options.shards, status.update)
    if options.json:
        json.dump([asdict(result) for result in results], sys.stdout, indent=1)
        print()
    else:
        Console(width=None if sys.stdout.isatty() else 240).print(table(results, options.shards).rich())
    if options.page:
        page = with_text(options.page.read_text("utf-8"), text(results, options.shards, before), BEGIN, END)
        options.page.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
