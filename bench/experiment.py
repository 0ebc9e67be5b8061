"""The functions' processor time per interaction with an experiment and impressions, and without, by turns.

python -m bench.experiment [--rounds 5] [--records 1000] [--json]

Exit code: 0 where the median ratio of every workload is at most 1.15, else 1.
"""

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.loop.floor import Need
from bench.loop.rivals.rivals import BROKER, Rival
from bench.loop.services.stub import Behaviour
from bench.loop.trial import Bench, Trial, bench
from bench.loop.workloads import Batches, Workload, made_up

MOST = 1.15
LIST = "Recommendations"
ACCOUNT = "arn:aws:personalize:us-east-1:123456789012"
# Everybody gets a list, the holdout too: without one, an experiment would save work.
EXPERIMENT = {
    "name": "autumn",
    "holdout": 10,
    "holdout_list": "popular",
    "holdout_campaign_arn": f"{ACCOUNT}:campaign/popular",
    "variants": {
        "control": {"weight": 30},
        "filtered": {"weight": 30, "filter_arn": f"{ACCOUNT}:filter/unbought"},
        "other": {"weight": 30, "campaign_arn": f"{ACCOUNT}:campaign/other"},
    },
}
VARIABLES = {
    "EXPERIMENT": json.dumps(EXPERIMENT, separators=(",", ":")),
    "IMPRESSION_LIST": LIST,
    "IMPRESSIONS_TABLE": "impressions",
    "METRIC_ATTRIBUTION": "on",
}
OFF = replace(BROKER, name="off", title="without")
ON = replace(BROKER, name="on", title="with an experiment and impressions", extra=tuple(VARIABLES.items()))


def seen_lists(
    draw: Callable[[int, random.Random], tuple[Batches, Need]],
) -> Callable[[int, random.Random], tuple[Batches, Need]]:
    """Return what draws the same batches of users who were shown their list, and came from it.

    The first batch of each user has the impression, and each event the id of the list.
    """

    def draw_seen(records: int, rng: random.Random) -> tuple[Batches, Need]:
        batches, need = draw(records, rng)
        met: set[str] = set()
        for batch in batches:
            (event,) = batch["events"]
            shown = {"product_recs_id": f"RID-{batch['mpid']}"}
            event["data"]["custom_attributes"] |= shown
            if batch["mpid"] not in met:
                met.add(batch["mpid"])
                batch["events"].insert(0, _impression(event, batch["user_attributes"]["product_recs"], shown))
        return batches, need

    return draw_seen


def _impression(event: dict[str, Any], items: Sequence[str], shown: dict[str, str]) -> dict[str, Any]:
    products = [{"id": item, "name": "Stoneware mug"} for item in items]
    data = {
        "product_impressions": [{"product_impression_list": LIST, "products": products}],
        "event_id": f"{event['data']['event_id']}1",
        "session_uuid": event["data"]["session_uuid"],
        "timestamp_unixtime_ms": event["data"]["timestamp_unixtime_ms"],
        "custom_attributes": shown,
    }
    return {"event_type": "commerce_event", "data": data}


WORKLOADS = (
    Workload("one event per user", 1000, seen_lists(made_up(1, 1))),
    Workload("ten events per user", 1000, seen_lists(made_up(10, 1))),
)


@dataclass(frozen=True)
class Comparison:
    """Processor milliseconds per interaction of one workload, without and with, a pair per round."""

    workload: str
    off: tuple[float, ...]
    on: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """Return with over without, by round."""
        return [on / off for off, on in zip(self.off, self.on, strict=True)]

    @property
    def ratio(self) -> float:
        """Return the median ratio."""
        return statistics.median(self.ratios)


def compare(started: Bench, workload: Workload, rounds: int, records: int) -> Comparison:
    """Run both by turns, in changing order."""
    found: dict[str, list[float]] = {OFF.name: [], ON.name: []}
    for turn in range(rounds):
        for rival in (OFF, ON) if turn % 2 else (ON, OFF):
            found[rival.name].append(_per_interaction(started.trial(rival, workload, Behaviour(), records)))
    return Comparison(workload.name, tuple(found[OFF.name]), tuple(found[ON.name]))


def _per_interaction(trial: Trial) -> float:
    if trial.left:
        raise RuntimeError(f"{trial.rival} left {trial.left} records: nothing is measured")
    return 1000 * trial.processor / trial.interactions


def measure(rounds: int, records: int, rivals: Sequence[Rival] = (OFF, ON)) -> list[Comparison]:
    """Return a comparison per workload, of warm processes."""
    with bench(rivals) as started:
        started.warm_up(WORKLOADS[0])
        return [compare(started, workload, rounds, records) for workload in WORKLOADS]


def table(comparisons: Sequence[Comparison]) -> Table:
    """Return the table that people read."""
    shown = Table(title="Processor time per interaction, ms: median (least to greatest)", title_justify="left")
    for column in ("workload", OFF.title, ON.title, f"ratio, at most {MOST}"):
        shown.add_column(column)
    for one in comparisons:
        shown.add_row(one.workload, *(_spread(values) for values in (one.off, one.on, one.ratios)))
    return shown


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> int:
    """Print the table or JSON, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.experiment", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    comparisons = measure(options.rounds, options.records)
    if options.json:
        json.dump([vars(one) | {"ratios": one.ratios, "ratio": one.ratio} for one in comparisons], sys.stdout, indent=1)
        print()
    else:
        Console(width=None if sys.stdout.isatty() else 160).print(table(comparisons), highlight=False)
    return int(any(one.ratio > MOST for one in comparisons))


if __name__ == "__main__":
    sys.exit(main())
