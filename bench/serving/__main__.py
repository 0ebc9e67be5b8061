"""Speed of the local Personalize with 10,000 items, 100,000 users and a million interactions.

    python -m bench.serving [--scale 0.1] [--seconds 5] [--data] [--baseline "$(bench/baseline)"] [--moto]

The history is imported from a CSV file in S3. A training follows, then recommendations during further trainings, then
events, one per request, then calls for schemas. With ``--baseline`` and ``--moto``, an earlier commit and moto are
measured in the same run, in turns. Everything listens on loopback and ends with the program. Processor time is that of
the service's process per request, without its trainings. A latency counts from the time at which a request was due.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from bench.serving.figures import Figures
from bench.serving.load import Load
from bench.serving.services import moto, personalize
from bench.serving.shop import ServedShop, csv_bytes
from bench.training import shop
from local_stack.aws.session import local_client
from local_stack.process import PROJECT_ROOT, start_service

NOW, BASELINE = "now", "baseline"


def run(options: argparse.Namespace, running: ExitStack) -> Figures:
    """Start the services and run all measurements."""
    figures, columns = Figures(NOW), shop(options.scale)
    aws = running.enter_context(start_service("local_stack.aws"))
    s3 = local_client("s3", aws.url, timeout=60.0)
    s3.create_bucket(Bucket="shop")
    s3.put_object(Bucket="shop", Key="all.csv", Body=csv_bytes(columns))
    shops = []
    for name, checkout in _checkouts(options).items():
        data = ["--data", running.enter_context(tempfile.TemporaryDirectory())] if options.data else []
        service = running.enter_context(personalize(name, checkout, ["--s3-endpoint", aws.url, *data]))
        shops.append(ServedShop(service, figures, "s3://shop/all.csv"))
    load = Load(figures, columns)
    load.recommendations(shops, options.rate, options.seconds, options.rounds)
    for one in shops:
        load.events(one, options.events_rate, 2 * options.seconds)
    others = [running.enter_context(moto())] if options.moto else []
    for service in (*(one.service for one in shops), *others):
        load.schemas(service)
    _limit(figures, options)
    return figures


def _checkouts(options: argparse.Namespace) -> dict[str, Path]:
    earlier = {BASELINE: options.baseline.resolve()} if options.baseline else {}
    return {**earlier, NOW: PROJECT_ROOT}


def _limit(figures: Figures, options: argparse.Namespace) -> None:
    asked, put = f"GetRecommendations at {options.rate:g}/s, in training", f"PutEvents at {options.events_rate:g}/s"
    before = figures.rows[f"{asked}, p50"].values.get(BASELINE)
    figures.limit("training", 60)
    figures.limit("training, memory at its peak", 2048)
    figures.limit(f"{asked}, p50", before / 2 if before else 5)
    figures.limit(f"{asked}, p99", 15)
    for name in (asked, put):
        figures.limit(f"{name}, refused", 0)
        figures.limit(f"{name}, behind at the end", 1)


def main() -> int:
    """Measure and print; return 1 if a figure is above its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of items, shoppers and interactions (1)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of recommendations; of events twice as many (30)")
    parser.add_argument("--rounds", type=int, default=3, help="in which the services take turns (3)")
    parser.add_argument("--rate", type=float, default=200.0, help="of recommendations, per second (200)")
    parser.add_argument("--events-rate", type=float, default=1000.0, help="of events, per second (1000, the quota)")
    parser.add_argument("--data", action="store_true", help="with a data folder, where every event is committed")
    parser.add_argument(
        "--baseline", type=Path, metavar="FOLDER", help="a checkout of an earlier commit, measured, too"
    )
    parser.add_argument("--moto", action="store_true", help="measure moto's server, too: it serves schemas only")
    with ExitStack() as running:
        figures = run(parser.parse_args(), running)
    Console(width=160).print(figures.table())
    return 1 if figures.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
