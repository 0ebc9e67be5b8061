"""Processor time per event of the broker beside an earlier checkout, in alternation.

python -m bench.loop --baseline "$(bench/baseline)" [--rounds 5]
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

from bench.loop.rivals import ARTICLE, BROKER, POWERTOOLS, Rival, earlier
from bench.loop.stub import Behaviour
from bench.loop.trial import Trial, bench
from bench.loop.workloads import ONE_EVENT, WORKLOADS


def main() -> None:
    """Print a line for each workload and rival."""
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    parser.add_argument("--baseline", type=Path, help="the folder that bench/baseline prints")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0.0, help="of the services, in milliseconds")
    parser.add_argument("--all", action="store_true", help="the rivals that do one record after the other, too")
    options = parser.parse_args()
    rivals = [BROKER] + ([earlier(options.baseline)] if options.baseline else [])
    rivals += [ARTICLE, POWERTOOLS] if options.all else []
    with bench(rivals) as run:
        run.warm_up(ONE_EVENT)
        for workload in WORKLOADS:
            trials: dict[Rival, list[Trial]] = {rival: [] for rival in rivals}
            for turn in range(options.rounds):
                for rival in rivals if turn % 2 else rivals[::-1]:
                    trials[rival].append(run.trial(rival, workload, Behaviour(options.latency / 1000)))
            for rival in rivals:
                print(line(workload.name, rival.title, trials[rival]), flush=True)


def line(workload: str, rival: str, trials: Sequence[Trial]) -> str:
    """Return processor milliseconds per event, the median with its spread, and by function; and the requests."""
    per_event = sorted(trial.processor_ms_per_event for trial in trials)
    first, second = (
        statistics.median(1000 * getattr(trial, name) / trial.records for trial in trials)
        for name in ("first_processor", "second_processor")
    )
    last = trials[-1]
    return (
        f"{workload:26} {rival:26} {statistics.median(per_event):6.2f} ms ({per_event[0]:.2f} to {per_event[-1]:.2f}), "
        f"first function {first:.2f}, second {second:.2f}; {sum(last.requests.values())} requests, "
        f"floor {sum(last.floor.values())}, left {last.left}"
    )


if __name__ == "__main__":
    main()
