"""The broker's loop beside other ways to write it, by turns, on one machine.

python -m bench.loop [--baseline "$(bench/baseline)"] [--quick] [--processor-share 0.29] [--json] [--page PAGE.md]
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bench.loop.comparison import compare
from bench.loop.parts import bad_days, cold_start, decoding, growth, memory
from bench.loop.quota import SHARES, processor_share
from bench.loop.report import page
from bench.loop.report.report import tables
from bench.loop.report.results import Results, machine
from bench.loop.rivals.rivals import ARTICLE, BROKER, POWERTOOLS, Rival, earlier
from bench.loop.trial import Trial, bench
from bench.loop.workloads import ONE_EVENT, TEN_EVENTS, WORKLOADS, Workload

SHARES_LATENCY = 0.02


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    parser.add_argument("--baseline", type=Path, help="the folder that bench/baseline prints: that broker runs, too")
    parser.add_argument("--rounds", type=int, help="3, or 1 if --quick")
    parser.add_argument("--latencies", help="of every service, in milliseconds: 0,5,20,50, or 0,20 if --quick")
    parser.add_argument("--rivals", help="some of article,powertools,earlier beside the broker: all")
    parser.add_argument("--quick", action="store_true", help="the loop only, none of its parts")
    parser.add_argument("--processor-share", type=float, help="of one processor, which each rival has")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", type=Path, help="a page whose text between the marks is to be replaced")
    options = parser.parse_args(argv)
    options.rounds = options.rounds or (1 if options.quick else 3)
    latencies = options.latencies or ("0,20" if options.quick else "0,5,20,50")
    options.latencies = [float(latency) / 1000 for latency in latencies.split(",")]
    try:
        options.rivals = _rivals(options.rivals, options.baseline)
        if options.page:
            page.with_text(options.page.read_text("utf-8"), "")
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return options


def _rivals(names: str | None, baseline: Path | None) -> list[Rival]:
    """Return the rivals of these names, and the broker as the last. Raises ValueError."""
    others = {rival.name: rival for rival in (ARTICLE, POWERTOOLS, *([earlier(baseline)] if baseline else []))}
    wanted = names.split(",") if names else list(others)
    unknown = [name for name in wanted if name not in others]
    if unknown:
        raise ValueError(f"no rival {', '.join(unknown)}; there are {', '.join(others)} (earlier needs --baseline)")
    return [*(others[name] for name in wanted), BROKER]


def run(options: argparse.Namespace, progress: Progress) -> Results:
    """Measure everything that is asked for."""
    rivals = options.rivals
    brokers = [rival for rival in rivals if rival.second_module]
    before = machine()

    def part(name: str, steps: int) -> Callable[[], None]:
        task = progress.add_task(name, total=steps)
        return lambda: progress.advance(task)

    def loop(
        name: str, share: float | None, workloads: Sequence[Workload], latencies: Sequence[float], rounds: int
    ) -> tuple[list[Trial], str]:
        steps = len(rivals) * len(workloads) * len(latencies) * rounds
        with processor_share(share) as cgroup, bench(rivals, cgroup=cgroup) as started:
            started.warm_up(ONE_EVENT)
            trials = compare(started, rivals, workloads, latencies, rounds, part(name, steps), share)
        return trials, "cgroup" if cgroup else "calculation"

    rounds, titles = options.rounds, {rival.name: rival.title for rival in rivals}
    if options.quick:
        trials, by = loop("the loop", options.processor_share, WORKLOADS, options.latencies, rounds)
        return Results(titles, trials, rounds, options.processor_share, by, before)
    # The short ones first: what fails, fails at once.
    decoded, peaks = decoding.measure(brokers, WORKLOADS, 3 * rounds), memory.measure(brokers)
    cold = cold_start.measure(brokers, 2 * rounds, part("cold starts", 2 * len(brokers) * (2 * rounds + 1)))
    bad = bad_days.measure(rivals, part("bad days", len(rivals) * bad_days.DAYS))
    growing = part("growth", growth.TRIALS * rounds)
    with bench([BROKER]) as started:
        started.warm_up(ONE_EVENT)
        grown = growth.measure(started, rounds, growing)
    shares = {}
    for megabytes, share in SHARES.items():
        shares[megabytes], by = loop(f"{megabytes} MB", share, (ONE_EVENT, TEN_EVENTS), [SHARES_LATENCY], 1)
    trials, _ = loop("the loop", options.processor_share, WORKLOADS, options.latencies, rounds)
    return Results(
        titles,
        trials,
        rounds,
        options.processor_share,
        by,
        before,
        shares,
        bad,
        decoded,
        peaks,
        cold,
        grown,
    )


def main() -> None:
    """Print the tables, or everything as JSON; write the page."""
    options = arguments()
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as progress:
        results = run(options, progress)
    if options.json:
        json.dump(results.as_json(), sys.stdout, indent=1)
        print()
    else:
        output = Console(width=None if sys.stdout.isatty() else 240)
        for table in tables(results):
            output.print(table.rich(), highlight=False)
    if options.page:
        page.write(options.page, results)
        console.print(f"{options.page} and its plot are written")


if __name__ == "__main__":
    main()
