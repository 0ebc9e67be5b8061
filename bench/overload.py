"""The effect of an overload: GetRecommendations throttled, then mParticle answering 429, under a steady load.

    python -m bench.overload [--rate 40] [--seconds 120]

The stream must be processed in time, and the refreshes must coalesce per customer: the queues hold about one message
per customer, however many events come in. Each overload is compared with the interval before it.
"""

import argparse
import sys
from dataclasses import dataclass

from local_stack import loopback
from local_stack.settings import LocalStackSettings
from local_stack.soak.findings import Findings
from local_stack.soak.plan import FaultKind, PlannedFault
from local_stack.soak.soak import Soak
from local_stack.soak.watch import Sample
from local_stack.stack import Stack

THROTTLED = {"fault": "throttling", "operation": "personalize.GetRecommendations"}
BUSY = {"fault": "throttling", "operation": "mparticle.BulkUploadEvents"}
CALM = 40.0
SHOPPERS = 300


@dataclass(frozen=True)
class Stretch:
    """A part of the run."""

    name: str
    begin: float
    end: float


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=40.0, help="interactions a second")
    parser.add_argument("--seconds", type=float, default=120.0, help="of each overload")
    options = parser.parse_args()
    first, second = CALM, 2 * CALM + options.seconds
    planned = [
        PlannedFault(first, options.seconds, FaultKind("GetRecommendations throttled", {"personalize": [THROTTLED]})),
        PlannedFault(second, options.seconds, FaultKind("mParticle answers 429", {"mparticle": [BUSY]})),
    ]
    total = second + options.seconds + CALM
    with Stack(LocalStackSettings(shards=4, shoppers=SHOPPERS)) as stack:
        soak = Soak(stack, seconds=total, rate=options.rate, planned=planned, show=_show)
        findings = soak.run()
        calls = loopback.get(f"{stack.personalize.url}/_local/requests").json()
    _print(findings, [Stretch("calm", 10, CALM), *(_stretch(fault) for fault in planned)])
    asked_for = calls["GetRecommendations"]
    print(f"GetRecommendations called {asked_for:,} times for {findings.interactions:,} interactions")
    print(f"reconciled: {findings.audit.holds}; settled: {findings.settled}")
    return 0 if findings.audit.holds and findings.settled else 1


def _stretch(fault: PlannedFault) -> Stretch:
    return Stretch(fault.kind.name, fault.at, fault.at + fault.lasts)


def _print(findings: Findings, stretches: list[Stretch]) -> None:
    print(f"{'':32}{'stream lag, most':>18}{'messages, most':>16}{'a customer':>12}")
    for stretch in stretches:
        looks = [sample for sample in findings.samples if stretch.begin <= sample.at < stretch.end]
        lag, waiting = max(look.lag_s for look in looks), _most_waiting(looks)
        print(f"{stretch.name:32}{lag:>16.1f} s{waiting:>16}{waiting / SHOPPERS:>12.2f}")


def _most_waiting(looks: list[Sample]) -> int:
    return max(look.waiting_users for look in looks)


def _show(stage: str, counters: dict[str, object]) -> None:
    print(f"{stage}  {counters}", end="\r", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
